package dev.lavalier.client;

import java.util.concurrent.CountDownLatch;

/**
 * A wait with a time limit. Either a thread waits in {@link #await}, or a timer calls {@link
 * #expire}. Safe for use from any thread.
 */
final class Wait {

  private final CountDownLatch end;
  private final long nanos;
  private volatile boolean timeOver;

  /**
   * Creates a wait.
   *
   * @param end ends the wait before the time is over
   */
  Wait(CountDownLatch end, long nanos) {
    this.end = end;
    this.nanos = nanos;
  }

  /** Returns the time limit in nanoseconds. */
  long nanos() {
    return nanos;
  }

  /** Returns whether the wait has ended before the time was over. */
  boolean hasEnded() {
    return end.getCount() == 0;
  }

  /** Returns whether the time was over before the wait ended. */
  boolean hasExpired() {
    return timeOver && !hasEnded();
  }

  /** Reports that the time is over. */
  void expire() {
    timeOver = true;
  }

  /** Waits until the wait has ended or expired. */
  void await(TimeSource timeSource) throws InterruptedException {
    if (!hasEnded() && !timeSource.sleeper().await(end, nanos)) {
      expire();
    }
  }
}
