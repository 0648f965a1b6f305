package dev.lavalier.testing;

import java.util.List;
import java.util.concurrent.AbstractExecutorService;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.IntSupplier;

/** A thread for each task, and a way to wait until no task is left. */
final class CountedExecutor extends AbstractExecutorService implements AutoCloseable {

  private static final long POLL_NANOS = 100_000;

  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final IntSupplier hanging;
  private int unfinished; // guarded by this

  CountedExecutor() {
    this(() -> 0);
  }

  /**
   * Creates an executor some of whose tasks hang.
   *
   * @param hanging returns how many do so now; {@link #awaitIdle} does not wait for them
   */
  CountedExecutor(IntSupplier hanging) {
    this.hanging = hanging;
  }

  @Override
  public void execute(Runnable task) {
    synchronized (this) {
      unfinished++;
    }
    try {
      threads.execute(
          () -> {
            try {
              task.run();
            } finally {
              finished();
            }
          });
    } catch (RejectedExecutionException e) {
      finished();
      throw e;
    }
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
    // A task that begins to hang does not notify.
    while (unfinished > hanging.getAsInt() && (left = end - System.nanoTime()) > 0) {
      try {
        TimeUnit.NANOSECONDS.timedWait(this, Math.min(left, POLL_NANOS));
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return false;
      }
    }
    return unfinished <= hanging.getAsInt();
  }

  @Override
  public void shutdown() {
    threads.shutdown();
  }

  @Override
  public List<Runnable> shutdownNow() {
    return threads.shutdownNow();
  }

  @Override
  public boolean isShutdown() {
    return threads.isShutdown();
  }

  @Override
  public boolean isTerminated() {
    return threads.isTerminated();
  }

  @Override
  public boolean awaitTermination(long timeout, TimeUnit unit) throws InterruptedException {
    return threads.awaitTermination(timeout, unit);
  }

  @Override
  public void close() {
    threads.shutdownNow();
  }
}
