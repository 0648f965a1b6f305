package dev.lavalier.common;

import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * The clock that audio is measured against. Everything that waits or stamps takes one, so that a
 * test can own the time. Safe for use from any thread.
 */
public interface TimeSource {

  /** Returns a steady count of nanoseconds with an arbitrary origin. */
  long nanoTime();

  /** Returns the time of day, in nanoseconds since 1970-01-01T00:00Z. */
  long unixNanos();

  /**
   * Waits until {@link #nanoTime} reaches {@code deadline}. Like {@link LockSupport#park} it may
   * return early: at {@code unpark}, at an interrupt, or for no reason. Callers look again.
   */
  void parkUntil(long deadline);

  /**
   * Runs a task later, on a thread of the clock's own. The task must not block and cannot be called
   * off: when it runs, it looks whether it is still wanted.
   */
  void schedule(Duration delay, Runnable task);

  /** Returns the machine's own clock. */
  static TimeSource system() {
    return SystemTimeSource.INSTANCE;
  }

  /** The machine's clock. */
  final class SystemTimeSource implements TimeSource {
    private static final SystemTimeSource INSTANCE = new SystemTimeSource();

    private final ScheduledThreadPoolExecutor timer =
        new ScheduledThreadPoolExecutor(
            1,
            task -> {
              Thread thread = new Thread(task, "lavalier-timer");
              thread.setDaemon(true);
              return thread;
            });

    private SystemTimeSource() {}

    @Override
    public void schedule(Duration delay, Runnable task) {
      var unused = timer.schedule(task, delay.toNanos(), TimeUnit.NANOSECONDS);
    }

    @Override
    public long nanoTime() {
      return System.nanoTime();
    }

    @Override
    public long unixNanos() {
      Instant now = Instant.now();
      return now.getEpochSecond() * 1_000_000_000L + now.getNano();
    }

    @Override
    public void parkUntil(long deadline) {
      long nanos = deadline - System.nanoTime();
      if (nanos > 0) {
        LockSupport.parkNanos(this, nanos);
      }
    }
  }
}
