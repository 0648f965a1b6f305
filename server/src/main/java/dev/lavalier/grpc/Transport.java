package dev.lavalier.grpc;

import io.netty.channel.ChannelOption;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.ServerChannel;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollChannelOption;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.uring.IoUring;
import io.netty.channel.uring.IoUringChannelOption;
import io.netty.channel.uring.IoUringIoHandler;
import io.netty.channel.uring.IoUringIoHandlerConfig;
import io.netty.channel.uring.IoUringServerSocketChannel;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * How the kernel is spoken to.
 *
 * @param handlers what the event loops wait with
 * @param listener makes the listening socket
 * @param options what only Linux has
 */
record Transport(
    IoHandlerFactory handlers, Supplier<ServerChannel> listener, Optional<LinuxOptions> options) {

  /** How many sends a loop hands over at once; beyond, it does so more often. */
  private static final int RING_SIZE = 1_024;

  /** How many answers may wait: thousands come at once where as many connections do. */
  private static final int ANSWERS = 16 * RING_SIZE;

  /** How a connection's socket is told how much may wait in it unsent, and for how long. */
  record LinuxOptions(ChannelOption<Long> unsentBytes, ChannelOption<Integer> unansweredMillis) {}

  /**
   * Returns epoll where Linux has it, NIO elsewhere; or io_uring, if wanted: it hands over in one
   * call to the kernel what many connections send (docs/benchmarks.md).
   *
   * @throws IllegalArgumentException where io_uring is wanted and cannot be had
   */
  static Transport of(boolean ioUring) {
    if (ioUring) {
      if (!IoUring.isAvailable()) {
        throw new IllegalArgumentException(
            "io-uring: true (expected: a Linux that has io_uring and allows it; %s)"
                .formatted(rootOf(IoUring.unavailabilityCause()).getMessage()));
      }
      return new Transport(
          IoUringIoHandler.newFactory(
              new IoUringIoHandlerConfig().setRingSize(RING_SIZE).setCqSize(ANSWERS)),
          IoUringServerSocketChannel::new,
          Optional.of(
              new LinuxOptions(
                  IoUringChannelOption.TCP_NOTSENT_LOWAT, IoUringChannelOption.TCP_USER_TIMEOUT)));
    }
    if (!Epoll.isAvailable()) {
      return new Transport(
          NioIoHandler.newFactory(), NioServerSocketChannel::new, Optional.empty());
    }
    return new Transport(
        EpollIoHandler.newFactory(),
        EpollServerSocketChannel::new,
        Optional.of(
            new LinuxOptions(
                EpollChannelOption.TCP_NOTSENT_LOWAT, EpollChannelOption.TCP_USER_TIMEOUT)));
  }

  private static Throwable rootOf(Throwable failure) {
    return failure.getCause() == null ? failure : rootOf(failure.getCause());
  }
}
