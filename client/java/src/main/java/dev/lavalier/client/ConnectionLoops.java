package dev.lavalier.client;

import io.grpc.netty.NettyChannelBuilder;
import io.netty.channel.Channel;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollDomainSocketChannel;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.netty.util.concurrent.Future;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.concurrent.TimeUnit;

/**
 * The event loops of one client's connections. Their threads are started when they are needed, and
 * end when the client is closed. The loops that gRPC shares would wait in native code for a second
 * more, and a JVM that exits waits 0.3 s for such threads. Safe for use from any thread.
 */
final class ConnectionLoops implements AutoCloseable {

  private static final int MAX_LOOPS = 4;

  private final EventLoopGroup loops;
  private final Class<? extends Channel> channelType;
  private final Class<? extends SocketAddress> addressType;

  /**
   * Creates the loops without starting a thread.
   *
   * @param unixSocket whether the connections are those of a Unix socket, which needs epoll
   */
  ConnectionLoops(boolean unixSocket) {
    boolean epoll = Epoll.isAvailable();
    loops =
        new MultiThreadIoEventLoopGroup(
            Math.min(MAX_LOOPS, Runtime.getRuntime().availableProcessors()),
            new DefaultThreadFactory("lavalier-connection", true),
            epoll ? EpollIoHandler.newFactory() : NioIoHandler.newFactory());
    addressType = unixSocket ? DomainSocketAddress.class : InetSocketAddress.class;
    if (unixSocket) {
      channelType = EpollDomainSocketChannel.class;
    } else {
      channelType = epoll ? EpollSocketChannel.class : NioSocketChannel.class;
    }
  }

  /** Lets the channels of a builder use these loops. */
  NettyChannelBuilder applyTo(NettyChannelBuilder builder) {
    return builder.eventLoopGroup(loops).channelType(channelType, addressType);
  }

  /** Ends the threads soon, without waiting. Connections that are left are closed. */
  @Override
  public void close() {
    Future<?> unused = loops.shutdownGracefully(0, 1, TimeUnit.SECONDS);
  }
}
