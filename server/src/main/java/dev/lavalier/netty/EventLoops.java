package dev.lavalier.netty;

import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelOption;
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
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

/**
 * The server's event loops, {@code lavalier-loop-N}, each with one object of the user's. They use
 * epoll if Linux has it, and NIO if not. The loops serve every listener of the server.
 *
 * <p>{@link #current} and {@link #schedule} are called on a loop only, everything else on any
 * thread.
 *
 * @param <T> what belongs to a loop, for example what delivers the frames of its connections
 */
public final class EventLoops<T> implements AutoCloseable {

  /** Less than a tenth of a second of speech. */
  private static final long NOTSENT_LOWAT_BYTES = 2_048;

  private record LoopEntry<T>(EventExecutor loop, T attachment) {}

  /** Takes options for a listener's connections. */
  public interface ConnectionOptions {
    /** Sets an option of every connection. */
    <V> void set(ChannelOption<V> option, V value);
  }

  private final EventLoopGroup group;
  private final List<LoopEntry<T>> loops = new ArrayList<>();

  /**
   * Makes loops, which start when they get their first connection.
   *
   * @param count how many
   * @param attachment makes the object of a loop, which is given as an executor
   */
  EventLoops(int count, Function<? super Executor, ? extends T> attachment) {
    IoHandlerFactory handlers =
        Epoll.isAvailable() ? EpollIoHandler.newFactory() : NioIoHandler.newFactory();
    this.group =
        new MultiThreadIoEventLoopGroup(
            count, new DefaultThreadFactory("lavalier-loop", true), handlers);
    group.forEach(loop -> loops.add(new LoopEntry<>(loop, attachment.apply(loop))));
  }

  /** Returns the loops as netty sees them. */
  public EventLoopGroup group() {
    return group;
  }

  /**
   * Returns a socket to listen with.
   *
   * @param acceptor the first to see each connection, see {@link ConnectionLimit#acceptor}
   */
  ServerChannel newListener(ChannelHandler acceptor) {
    ServerChannel listener =
        Epoll.isAvailable() ? new EpollServerSocketChannel() : new NioServerSocketChannel();
    listener.pipeline().addFirst(acceptor);
    return listener;
  }

  /**
   * Sets the options that connections need beyond the transport's defaults.
   *
   * @param userTimeout how long the kernel tries to send to a host that does not answer
   */
  public void configure(ConnectionOptions options, Duration userTimeout) {
    if (Epoll.isAvailable()) {
      // What the kernel holds unsent for a consumer that does not read grows old there.
      options.set(EpollChannelOption.TCP_NOTSENT_LOWAT, NOTSENT_LOWAT_BYTES);
      // Without it the kernel goes on for minutes for a host that vanished, also when we gave up.
      options.set(EpollChannelOption.TCP_USER_TIMEOUT, (int) userTimeout.toMillis());
    }
  }

  /** Returns the object of the loop that this runs on: of the connection that a call came by. */
  public T current() {
    return currentLoop().attachment();
  }

  /** Runs a task later on the loop that this runs on. */
  public Future<?> schedule(Duration delay, Runnable task) {
    return currentLoop().loop().schedule(task, delay.toNanos(), TimeUnit.NANOSECONDS);
  }

  private LoopEntry<T> currentLoop() {
    for (LoopEntry<T> each : loops) {
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
