package dev.lavalier.common;

import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.slf4j.LoggerFactory;

/**
 * The clock for all timestamps, waits and scheduled tasks. It is injected, so that a test can
 * control the time. Safe for use from any thread.
 */
public interface TimeSource {

  /** The answer of {@link #suspendedNanos} if it cannot be determined. */
  long UNKNOWN = Long.MIN_VALUE;

  /** Returns the steady time: nanoseconds since an arbitrary origin. */
  long nanoTime();

  /** Returns the unix time: nanoseconds since 1970-01-01T00:00Z. */
  long unixNanos();

  /**
   * Returns for how long this machine has been suspended since an arbitrary origin, in nanoseconds,
   * if the steady time stops in a suspend; {@link #UNKNOWN} if that cannot be determined. Precise
   * to about 20 ms. May read a file: call it rarely.
   */
  default long suspendedNanos() {
    return UNKNOWN;
  }

  /**
   * Returns the processor time that the current thread has used, in nanoseconds; 0 if it is not
   * measured. Takes some hundred nanoseconds.
   */
  default long threadCpuNanos() {
    return 0;
  }

  /**
   * Waits until {@link #nanoTime} reaches {@code deadline}. Like {@link LockSupport#park} it may
   * return early: after {@code unpark}, after an interrupt, or for no reason. Callers check their
   * condition again.
   */
  void parkUntil(long deadline);

  /**
   * Runs a task after a delay, on a thread of this time source. The task must not block. It cannot
   * be cancelled: when it runs, it checks whether it is still needed. If it throws, that is logged.
   */
  void schedule(Duration delay, Runnable task);

  /** Returns the clock of this machine. */
  static TimeSource system() {
    return SystemTimeSource.INSTANCE;
  }

  /** The clock of this machine. */
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

    private final FailureLog failures =
        new FailureLog(this, LoggerFactory.getLogger(SystemTimeSource.class), "a scheduled task");
    private final SuspendTime suspendTime = new SuspendTime();
    private final ThreadMXBean threads = ManagementFactory.getThreadMXBean();
    private final boolean measuresCpuTime =
        threads.isCurrentThreadCpuTimeSupported() && threads.isThreadCpuTimeEnabled();

    private SystemTimeSource() {}

    @Override
    public void schedule(Duration delay, Runnable task) {
      Runnable reported =
          () -> {
            try {
              task.run();
            } catch (RuntimeException | Error e) {
              failures.report("a scheduled task", e); // its future is not read by anybody
            }
          };
      var unused = timer.schedule(reported, delay.toNanos(), TimeUnit.NANOSECONDS);
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
    public long suspendedNanos() {
      return suspendTime.nanos();
    }

    @Override
    public long threadCpuNanos() {
      return measuresCpuTime ? threads.getCurrentThreadCpuTime() : System.nanoTime();
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
