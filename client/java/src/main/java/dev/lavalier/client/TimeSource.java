package dev.lavalier.client;

import java.util.concurrent.CountDownLatch;
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
 */
record TimeSource(LongSupplier nanoTime, Sleeper sleeper, DoubleSupplier random) {

  /** Waits. */
  interface Sleeper {
    /**
     * Waits for {@code nanos} nanoseconds or until {@code cancelled} is counted down; returns
     * whether it was counted down.
     */
    boolean await(CountDownLatch cancelled, long nanos) throws InterruptedException;
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
}
