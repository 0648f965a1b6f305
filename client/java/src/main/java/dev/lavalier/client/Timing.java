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
 * @param pause how to wait
 * @param random 0 to 1
 */
record Timing(LongSupplier nanoTime, LongSupplier unixMillis, Pause pause, DoubleSupplier random) {

  /** Waits. */
  interface Pause {
    /** Waits for so long, or until {@code over} is counted down; returns whether that is so. */
    boolean await(CountDownLatch over, long nanos) throws InterruptedException;
  }

  static Timing system() {
    return by(System::nanoTime);
  }

  /** Returns the system's, by another clock for what is measured here. */
  static Timing by(LongSupplier nanoTime) {
    return new Timing(
        nanoTime,
        System::currentTimeMillis,
        (over, nanos) -> over.await(nanos, TimeUnit.NANOSECONDS),
        () -> ThreadLocalRandom.current().nextDouble());
  }
}
