package dev.lavalier.grpc;

import dev.lavalier.hub.DeliveryLoop;
import io.grpc.netty.NettyServerBuilder;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollChannelOption;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.netty.util.concurrent.EventExecutor;
import io.netty.util.concurrent.Future;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * The server's event loops, each with its lane: {@code lavalier-loop-N}. Epoll where Linux has it,
 * NIO elsewhere.
 */
final class EventLoops implements AutoCloseable {

  /** Less than a tenth of a second of speech. */
  private static final long NOTSENT_LOWAT_BYTES = 2_048;

  private record LoopEntry(EventExecutor loop, DeliveryLoop deliveryLoop) {}

  private final EventLoopGroup group;
  private final List<LoopEntry> loops = new ArrayList<>();

  /** Makes {@code count} loops, which begin when they get their first connection. */
  EventLoops(int count) {
    IoHandlerFactory handlers =
        Epoll.isAvailable() ? EpollIoHandler.newFactory() : NioIoHandler.newFactory();
    this.group =
        new MultiThreadIoEventLoopGroup(
            count, new DefaultThreadFactory("lavalier-loop", true), handlers);
    group.forEach(loop -> loops.add(new LoopEntry(loop, new DeliveryLoop(loop))));
  }

  /**
   * Sets what connections need beyond the transport's defaults.
   *
   * @param limit lets them in
   * @param userTimeout how long the kernel tries to send to a host that does not answer
   */
  void configure(NettyServerBuilder builder, ConnectionLimit limit, Duration userTimeout) {
    builder
        .bossEventLoopGroup(group)
        .workerEventLoopGroup(group)
        .channelFactory(() -> listener(limit));
    if (Epoll.isAvailable()) {
      // What the kernel holds unsent for a consumer that does not read grows old there.
      builder.withChildOption(EpollChannelOption.TCP_NOTSENT_LOWAT, NOTSENT_LOWAT_BYTES);
      // Else the kernel goes on for minutes for a host that vanished, also when we have given up.
      builder.withChildOption(EpollChannelOption.TCP_USER_TIMEOUT, (int) userTimeout.toMillis());
    }
  }

  private static ServerChannel listener(ConnectionLimit limit) {
    ServerChannel listener =
        Epoll.isAvailable() ? new EpollServerSocketChannel() : new NioServerSocketChannel();
    listener.pipeline().addFirst(limit);
    return listener;
  }

  /** Returns the lane of the loop that this runs on: of the connection that the call came by. */
  DeliveryLoop current() {
    return currentLoop().deliveryLoop();
  }

  /** Runs a task later on the loop that this runs on. */
  Future<?> schedule(Duration delay, Runnable task) {
    return currentLoop().loop().schedule(task, delay.toNanos(), TimeUnit.NANOSECONDS);
  }

  private LoopEntry currentLoop() {
    for (LoopEntry each : loops) {
      if (each.loop().inEventLoop()) {
        return each;
      }
    }
    throw new IllegalStateException("not on an event loop: " + Thread.currentThread());
  }

  @Override
  public void close() {
    group.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly(2, TimeUnit.SECONDS);
  }
}
