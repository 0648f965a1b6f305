package dev.lavalier.testing;

import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/** Runs each task on a thread of its own, and can wait until all tasks are finished. */
final class CountedExecutor implements Executor, AutoCloseable {

  private final ExecutorService threads = Executors.newCachedThreadPool();
  private int unfinished; // guarded by this

  @Override
  public void execute(Runnable task) {
    synchronized (this) {
      unfinished++;
    }
    threads.execute(
        () -> {
          try {
            task.run();
          } finally {
            finished();
          }
        });
  }

  private synchronized void finished() {
    if (--unfinished == 0) {
      notifyAll();
    }
  }

  /** Waits until all started tasks are finished, for at most 1 s of real time. */
  void awaitIdle() {
    awaitIdle(TimeUnit.SECONDS.toNanos(1));
  }

  /**
   * Waits until all started tasks are finished.
   *
   * @return whether they finished before the timeout
   */
  synchronized boolean awaitIdle(long timeoutNanos) {
    long end = System.nanoTime() + timeoutNanos;
    long left;
    while (unfinished > 0 && (left = end - System.nanoTime()) > 0) {
      try {
        TimeUnit.NANOSECONDS.timedWait(this, left);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return false;
      }
    }
    return unfinished == 0;
  }

  @Override
  public void close() {
    threads.shutdownNow();
  }
}
