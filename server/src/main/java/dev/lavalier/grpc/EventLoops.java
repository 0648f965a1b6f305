package dev.lavalier.grpc;

import dev.lavalier.hub.Lane;
import io.grpc.netty.NettyServerBuilder;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.netty.util.concurrent.EventExecutor;
import io.netty.util.concurrent.Future;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** The server's event loops, each with its lane: {@code lavalier-loop-N}. */
final class EventLoops implements AutoCloseable {

  /** Less than a tenth of a second of speech. */
  private static final long UNSENT_BYTES = 2_048;

  private record LoopLane(EventExecutor loop, Lane lane) {}

  private final Transport transport;
  private final EventLoopGroup group;
  private final List<LoopLane> lanes = new ArrayList<>();

  /** Makes {@code count} loops, which begin when they get their first connection. */
  EventLoops(int count, Transport transport) {
    this.transport = transport;
    this.group =
        new MultiThreadIoEventLoopGroup(
            count, new DefaultThreadFactory("lavalier-loop", true), transport.handlers());
    group.forEach(loop -> lanes.add(new LoopLane(loop, new Lane(loop))));
  }

  /**
   * Sets what connections need beyond the transport's defaults.
   *
   * @param limit lets them in
   * @param unanswered how long the kernel tries to send to a host that does not answer
   */
  void configure(NettyServerBuilder builder, ConnectionLimit limit, Duration unanswered) {
    builder
        .bossEventLoopGroup(group)
        .workerEventLoopGroup(group)
        .channelFactory(() -> listener(limit));
    transport
        .options()
        .ifPresent(
            options -> {
              // What the kernel holds unsent for a consumer that does not read grows old there.
              builder.withChildOption(options.unsentBytes(), UNSENT_BYTES);
              // Else the kernel goes on for minutes for a host that vanished, also when we have
              // given up.
              builder.withChildOption(options.unansweredMillis(), (int) unanswered.toMillis());
            });
  }

  private ServerChannel listener(ConnectionLimit limit) {
    ServerChannel listener = transport.listener().get();
    listener.pipeline().addFirst(limit);
    return listener;
  }

  /** Returns the lane of the loop that this runs on: of the connection that the call came by. */
  Lane current() {
    return currentLoop().lane();
  }

  /** Runs a task later on the loop that this runs on. */
  Future<?> later(Duration delay, Runnable task) {
    return currentLoop().loop().schedule(task, delay.toNanos(), TimeUnit.NANOSECONDS);
  }

  private LoopLane currentLoop() {
    for (LoopLane each : lanes) {
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
