package dev.lavalier.client;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.DoubleSupplier;
import java.util.function.LongSupplier;

/**
 * Steady time, waiting and randomness, which tests replace. No wall clock: it can be set at any
 * time.
 *
 * @param nanoTime like {@link System#nanoTime}
 * @param sleeper how to wait
 * @param random returns numbers from 0 to 1
 * @param timer how to be called later
 */
record TimeSource(LongSupplier nanoTime, Sleeper sleeper, DoubleSupplier random, Timer timer) {

  private static final long TIMER_IDLE_SECONDS = 1;

  /** Waits. */
  interface Sleeper {
    /**
     * Waits for {@code nanos} nanoseconds or until {@code cancelled} is counted down; returns
     * whether it was counted down.
     */
    boolean await(CountDownLatch cancelled, long nanos) throws InterruptedException;
  }

  /** Runs tasks later. */
  interface Timer {
    /** Runs a task after {@code nanos} nanoseconds; returns an action that cancels it. */
    Runnable schedule(Runnable task, long nanos);
  }

  /** Creates a time source with a timer of the system. */
  TimeSource(LongSupplier nanoTime, Sleeper sleeper, DoubleSupplier random) {
    this(nanoTime, sleeper, random, systemTimer());
  }

  static TimeSource system() {
    return withNanoTime(System::nanoTime);
  }

  /** Returns the system's time source, except for the clock of {@code nanoTime}. */
  static TimeSource withNanoTime(LongSupplier nanoTime) {
    return new TimeSource(
        nanoTime,
        (cancelled, nanos) -> cancelled.await(nanos, TimeUnit.NANOSECONDS),
        () -> ThreadLocalRandom.current().nextDouble());
  }

  /** Returns a timer with one thread, which exists only while tasks wait and shortly afterwards. */
  private static Timer systemTimer() {
    ScheduledThreadPoolExecutor executor =
        new ScheduledThreadPoolExecutor(
            1,
            task -> {
              Thread thread = new Thread(task, "lavalier-timer");
              thread.setDaemon(true);
              return thread;
            });
    executor.setRemoveOnCancelPolicy(true);
    executor.setKeepAliveTime(TIMER_IDLE_SECONDS, TimeUnit.SECONDS);
    executor.allowCoreThreadTimeOut(true);
    return (task, nanos) -> {
      Future<?> scheduled = executor.schedule(task, nanos, TimeUnit.NANOSECONDS);
      return () -> scheduled.cancel(false);
    };
  }
}
