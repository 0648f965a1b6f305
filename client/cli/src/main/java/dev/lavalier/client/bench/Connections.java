package dev.lavalier.client.bench;

import dev.lavalier.client.ConnectOptions;
import io.grpc.Channel;
import io.grpc.ManagedChannel;
import io.grpc.netty.NettyChannelBuilder;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollDomainSocketChannel;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * Connections to one server. They have event loops of their own, one per processor, on the threads
 * {@code lavalier-bench-N}. Uses epoll if it is available, otherwise NIO.
 */
final class Connections implements Transport {

  /**
   * Large enough that flow control never delays a stream: on a connection with a thousand streams,
   * half of the window must last for a round trip.
   */
  private static final int WINDOW_BYTES = 8 << 20;

  /** One second of 64 channels at 384 kHz in four bytes, and the other fields of the frame. */
  private static final int MAX_MESSAGE_BYTES = 384_000 * 64 * 4 + 1_024;

  private static final long SHUTDOWN_TIMEOUT_SECONDS = 5;

  private final EventLoopGroup loops;
  private final NettyChannelBuilder channelBuilder;
  private final List<ManagedChannel> channels = new ArrayList<>();

  /**
   * Creates connections to the server of {@code options} without opening one.
   *
   * @throws IllegalArgumentException if the options are invalid
   */
  Connections(ConnectOptions options) {
    NettyChannelBuilder builder = options.channelBuilder();
    IoHandlerFactory handlers =
        Epoll.isAvailable() ? EpollIoHandler.newFactory() : NioIoHandler.newFactory();
    this.loops =
        new MultiThreadIoEventLoopGroup(
            Runtime.getRuntime().availableProcessors(),
            new DefaultThreadFactory("lavalier-bench", true),
            handlers);
    if (options.server().startsWith("unix:")) {
      builder.channelType(EpollDomainSocketChannel.class, DomainSocketAddress.class);
    } else {
      builder.channelType(
          Epoll.isAvailable() ? EpollSocketChannel.class : NioSocketChannel.class,
          InetSocketAddress.class);
    }
    this.channelBuilder =
        builder
            .eventLoopGroup(loops)
            .directExecutor()
            .disableRetry()
            .disableServiceConfigLookUp()
            .maxTraceEvents(0)
            .maxInboundMessageSize(MAX_MESSAGE_BYTES)
            .flowControlWindow(WINDOW_BYTES);
  }

  @Override
  public LoadProbe probe() {
    return new MachineProbe(loops);
  }

  @Override
  public Channel connect() {
    ManagedChannel channel = channelBuilder.build();
    channels.add(channel);
    return channel;
  }

  @Override
  public void close() {
    channels.forEach(ManagedChannel::shutdownNow);
    loops
        .shutdownGracefully(0, SHUTDOWN_TIMEOUT_SECONDS, TimeUnit.SECONDS)
        .awaitUninterruptibly(2 * SHUTDOWN_TIMEOUT_SECONDS, TimeUnit.SECONDS);
  }
}
