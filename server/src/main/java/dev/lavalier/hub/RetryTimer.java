package dev.lavalier.hub;

import java.time.Duration;
import java.util.function.BiConsumer;

/**
 * Schedules attempts with increasing delays: an initial delay, doubled each time, up to a maximum.
 * Only the attempt that was scheduled last runs. Used by one thread.
 */
final class RetryTimer {

  private final Duration initialDelay;
  private final Duration maxDelay;
  private final BiConsumer<Duration, Runnable> scheduler;
  private final Runnable attempt;
  private long number; // number of the valid attempt
  private Duration delay = Duration.ZERO;

  /**
   * Creates a timer.
   *
   * @param scheduler runs a task after a delay, on the thread that uses this timer
   * @param attempt the attempt to run
   */
  RetryTimer(
      Duration initialDelay,
      Duration maxDelay,
      BiConsumer<Duration, Runnable> scheduler,
      Runnable attempt) {
    this.initialDelay = initialDelay;
    this.maxDelay = maxDelay;
    this.scheduler = scheduler;
    this.attempt = attempt;
  }

  /** Schedules the next attempt. It replaces an attempt that is already scheduled. */
  void schedule() {
    Duration doubled = delay.isZero() ? initialDelay : delay.multipliedBy(2);
    delay = doubled.compareTo(maxDelay) > 0 ? maxDelay : doubled;
    long scheduled = ++number;
    scheduler.accept(
        delay,
        () -> {
          if (scheduled == number) {
            attempt.run();
          }
        });
  }

  /** Cancels the attempt that is scheduled. The next one has the initial delay. */
  void reset() {
    delay = Duration.ZERO;
    number++;
  }

  /** Returns whether {@link #schedule} or {@link #reset} was ever called. */
  boolean wasUsed() {
    return number > 0;
  }
}
