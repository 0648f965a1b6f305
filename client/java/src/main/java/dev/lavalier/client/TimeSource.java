package dev.lavalier.client;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.DoubleSupplier;
import java.util.function.LongSupplier;

/**
 * Time, waiting and chance, so that tests can stand in for them.
 *
 * @param nanoTime as {@link System#nanoTime}
 * @param unixMillis as {@link System#currentTimeMillis}
 * @param sleeper how to wait
 * @param random 0 to 1
 */
record TimeSource(
    LongSupplier nanoTime, LongSupplier unixMillis, Sleeper sleeper, DoubleSupplier random) {

  /** Waits. */
  interface Sleeper {
    /**
     * Waits for so long, or until {@code cancelled} is counted down; returns whether that is so.
     */
    boolean await(CountDownLatch cancelled, long nanos) throws InterruptedException;
  }

  static TimeSource system() {
    return withNanoTime(System::nanoTime);
  }

  /** Returns the system's, by another clock for what is measured here. */
  static TimeSource withNanoTime(LongSupplier nanoTime) {
    return new TimeSource(
        nanoTime,
        System::currentTimeMillis,
        (cancelled, nanos) -> cancelled.await(nanos, TimeUnit.NANOSECONDS),
        () -> ThreadLocalRandom.current().nextDouble());
  }
}
