package dev.lavalier.client;

import io.grpc.netty.NettyChannelBuilder;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollDomainSocketChannel;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.util.concurrent.DefaultThreadFactory;

/** Channels to Unix sockets. They need Linux's epoll. Safe for use from any thread. */
final class UnixChannels {

  /**
   * The event loops of all channels. gRPC's own loops are not accessible. Their threads start with
   * their first connections, and do not keep the program running.
   */
  private static final class Loops {
    static final EventLoopGroup GROUP =
        new MultiThreadIoEventLoopGroup(
            Runtime.getRuntime().availableProcessors(),
            new DefaultThreadFactory("lavalier-unix", true),
            EpollIoHandler.newFactory());
  }

  private UnixChannels() {}

  static boolean isSupported() {
    return Epoll.isAvailable();
  }

  /** Returns a builder of channels to a Unix socket. */
  static NettyChannelBuilder builder(String path) {
    return NettyChannelBuilder.forAddress(new DomainSocketAddress(path))
        .eventLoopGroup(Loops.GROUP)
        .channelType(EpollDomainSocketChannel.class, DomainSocketAddress.class)
        // gRPC sets it for every connection, and netty warns if the socket does not have it.
        .withOption(ChannelOption.SO_KEEPALIVE, null);
  }
}
