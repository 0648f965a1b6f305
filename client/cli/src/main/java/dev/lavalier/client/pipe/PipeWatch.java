package dev.lavalier.client.pipe;

import io.netty.channel.IoEvent;
import io.netty.channel.IoRegistration;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollIoHandle;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollIoOps;
import io.netty.channel.unix.FileDescriptor;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.netty.util.concurrent.FutureListener;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Reports that the reader of a pipe has closed it, without a write. A program that writes only now
 * and then would otherwise notice that at its next write. Java cannot poll a pipe, so this uses the
 * epoll of the transport. Without epoll, that is on systems other than Linux, it reports nothing.
 *
 * <p>Has one thread, {@code lavalier-pipe}. {@link #close} may be called from any thread.
 */
public final class PipeWatch implements AutoCloseable {

  private final @Nullable MultiThreadIoEventLoopGroup loop; // null: nothing is watched

  private PipeWatch(@Nullable MultiThreadIoEventLoopGroup loop) {
    this.loop = loop;
  }

  /**
   * Starts a watch.
   *
   * @param descriptor the writing end of a pipe, or a socket; remains open
   * @param onReaderLeft runs once on the thread of the watch, when no reader is left
   * @return the watch; without effect if the system cannot watch the descriptor
   */
  public static PipeWatch start(int descriptor, Runnable onReaderLeft) {
    if (!Epoll.isAvailable()) {
      return new PipeWatch(null);
    }
    MultiThreadIoEventLoopGroup loop =
        new MultiThreadIoEventLoopGroup(
            1, new DefaultThreadFactory("lavalier-pipe", true), EpollIoHandler.newFactory());
    var unused =
        loop.next()
            .register(new WritingEnd(descriptor, onReaderLeft))
            .addListener(
                (FutureListener<IoRegistration>)
                    registered -> {
                      if (registered.isSuccess()) { // it fails for a file, for example
                        registered.getNow().submit(EpollIoOps.EPOLLERR);
                      }
                    });
    return new PipeWatch(loop);
  }

  /** Ends the watch. Does not wait for a report that runs. */
  @Override
  public void close() {
    if (loop != null) {
      var unused = loop.shutdownGracefully(0, 0, TimeUnit.SECONDS);
    }
  }

  /** Is registered only for errors: epoll reports one when the last reader closes the pipe. */
  private static final class WritingEnd implements EpollIoHandle {
    private final FileDescriptor descriptor;
    private final Runnable onReaderLeft;

    WritingEnd(int descriptor, Runnable onReaderLeft) {
      this.descriptor = new FileDescriptor(descriptor);
      this.onReaderLeft = onReaderLeft;
    }

    @Override
    public FileDescriptor fd() {
      return descriptor;
    }

    @Override
    public void handle(IoRegistration registration, IoEvent error) {
      if (registration.cancel()) {
        onReaderLeft.run();
      }
    }

    @Override
    public void close() {
      // The program owns the descriptor.
    }
  }
}
