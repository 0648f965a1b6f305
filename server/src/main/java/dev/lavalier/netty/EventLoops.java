package dev.lavalier.netty;

import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.IoEventLoop;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.channel.SingleThreadIoEventLoop;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollChannelOption;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerDomainSocketChannel;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.netty.util.concurrent.EventExecutor;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.RejectedExecutionHandlers;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The event loops of a server, {@code lavalier-loop-N}, each with one attachment. They use epoll if
 * it is available, and NIO otherwise. The loops serve every listener of the server.
 *
 * <p>{@link #current}, {@link #readScheduler} and {@link #schedule} must be called on a loop. All
 * other methods can be called on any thread. {@link #close} blocks for at most two seconds.
 *
 * @param <T> the attachment of a loop, for example the delivery loop of its connections
 */
public final class EventLoops<T> implements AutoCloseable {

  private static final Logger log = LoggerFactory.getLogger(EventLoops.class);

  /**
   * How long a loop runs tasks before it reads sockets and runs tasks that are due. Netty's default
   * is a second: tasks that schedule the next one, such as those of replays, would let a credit
   * wait for so long.
   */
  private static final long MAX_TASKS_MILLIS = 2;

  /** Less than 0.1 s of speech. */
  private static final long NOTSENT_LOWAT_BYTES = 2_048;

  private record LoopEntry<T>(EventExecutor loop, T attachment, ReadScheduler readScheduler) {}

  /** Receives the options for the connections of a listener. */
  public interface ConnectionOptions {
    /** Sets an option for every connection. */
    <V> void set(ChannelOption<V> option, V value);
  }

  private final EventLoopGroup group;
  private final List<LoopEntry<T>> loops = new ArrayList<>();

  /**
   * Creates loops. A loop starts with its first connection.
   *
   * @param count the number of loops, 1 or more
   * @param attachment creates the attachment of a loop, from the executor that runs tasks on it
   */
  EventLoops(int count, Function<? super Executor, ? extends T> attachment) {
    IoHandlerFactory handlers =
        Epoll.isAvailable() ? EpollIoHandler.newFactory() : NioIoHandler.newFactory();
    this.group =
        new MultiThreadIoEventLoopGroup(
            count, new DefaultThreadFactory("lavalier-loop", true), handlers) {
          @Override
          protected IoEventLoop newChild(
              Executor executor, IoHandlerFactory factory, Object... ignored) {
            return new SingleThreadIoEventLoop(
                this,
                executor,
                factory,
                Integer.MAX_VALUE,
                RejectedExecutionHandlers.reject(),
                MAX_TASKS_MILLIS);
          }
        };
    group.forEach(
        loop ->
            loops.add(
                new LoopEntry<>(
                    loop, attachment.apply(loop), new ReadScheduler(loop, System::nanoTime))));
  }

  /** Returns the loops as a group of netty. */
  public EventLoopGroup group() {
    return group;
  }

  /**
   * Returns a new listening socket.
   *
   * @param acceptor the first handler of each new connection, see {@link ConnectionLimit#acceptor}
   */
  ServerChannel newListener(ChannelHandler acceptor) {
    ServerChannel listener =
        Epoll.isAvailable() ? new EpollServerSocketChannel() : new NioServerSocketChannel();
    listener.pipeline().addFirst(acceptor);
    return listener;
  }

  /**
   * Returns a new listening Unix socket. Requires {@link UnixSocket#isSupported}.
   *
   * @param acceptor the first handler of each new connection, see {@link ConnectionLimit#acceptor}
   */
  ServerChannel newUnixListener(ChannelHandler acceptor) {
    ServerChannel listener = new EpollServerDomainSocketChannel();
    listener.pipeline().addFirst(UnixConnection.acceptor(), acceptor);
    return listener;
  }

  /**
   * Sets the options of TCP connections that differ from the defaults of the transport.
   *
   * @param userTimeout the time after which the kernel stops sending to a host that does not answer
   */
  public void configure(ConnectionOptions options, Duration userTimeout) {
    if (Epoll.isAvailable()) {
      // Limits unsent data in the kernel. It would expire there if the subscriber does not read.
      options.set(EpollChannelOption.TCP_NOTSENT_LOWAT, NOTSENT_LOWAT_BYTES);
      // Otherwise the kernel retries for minutes after a host fails, even after the server closed.
      options.set(EpollChannelOption.TCP_USER_TIMEOUT, (int) userTimeout.toMillis());
    }
  }

  /**
   * Returns the attachment of the current loop, which is the loop of the connection of the current
   * call.
   *
   * @throws IllegalStateException if the current thread is not a loop
   */
  public T current() {
    return currentLoop().attachment();
  }

  /**
   * Returns the scheduler of reads of the current loop.
   *
   * @throws IllegalStateException if the current thread is not a loop
   */
  ReadScheduler readScheduler() {
    return currentLoop().readScheduler();
  }

  /**
   * Runs a task on the current loop after a delay. If it throws, that is logged.
   *
   * @throws IllegalStateException if the current thread is not a loop
   */
  public Future<?> schedule(Duration delay, Runnable task) {
    Runnable reported =
        () -> {
          try {
            task.run();
          } catch (RuntimeException | Error e) {
            log.error("a scheduled task failed", e); // its future is not read by anybody
          }
        };
    return currentLoop().loop().schedule(reported, delay.toNanos(), TimeUnit.NANOSECONDS);
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
