package dev.lavalier.client.cli;

import dev.lavalier.client.FrameStream;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * What a command does on Ctrl-C and SIGTERM. Once its stream is open, the stream is closed, and the
 * JVM exits when the command has finished, but after 3 s at most.
 */
final class ExitHook implements AutoCloseable {

  private static final long FINISH_TIMEOUT_SECONDS = 3;

  private final Runnable beforeStream;
  private final CountDownLatch finished = new CountDownLatch(1);
  private final Thread thread = new Thread(this::run, "lavalier-stop");
  private volatile @Nullable FrameStream stream; // null: not open yet

  private ExitHook(Runnable beforeStream) {
    this.beforeStream = beforeStream;
  }

  /** Installs a hook; {@code beforeStream} runs if the program exits before a stream is open. */
  static ExitHook install(Runnable beforeStream) {
    ExitHook hook = new ExitHook(beforeStream);
    Runtime.getRuntime().addShutdownHook(hook.thread);
    return hook;
  }

  /** Sets the stream to close. */
  void setStream(FrameStream opened) {
    stream = opened;
  }

  private void run() {
    FrameStream opened = stream;
    if (opened == null) {
      beforeStream.run();
      return;
    }
    opened.close();
    try {
      finished.await(FINISH_TIMEOUT_SECONDS, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Reports that the command has finished, and removes the hook. */
  @Override
  public void close() {
    finished.countDown();
    try {
      Runtime.getRuntime().removeShutdownHook(thread);
    } catch (IllegalStateException e) {
      // The JVM is already shutting down: the hook itself ended the command.
    }
  }
}
