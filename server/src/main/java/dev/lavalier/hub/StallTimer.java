package dev.lavalier.hub;

import java.time.Duration;

/**
 * Measures for how long a subscriber has not read frames that wait for it. Used by the delivery
 * loop of the subscription only. Times are steady nanoseconds.
 */
final class StallTimer {

  private final long timeoutNanos;
  private boolean waiting; // frames waited at the last check
  private long lastProgress; // when a frame was sent, or no frames were waiting

  StallTimer(Duration timeout) {
    this.timeoutNanos = timeout.toNanos();
  }

  /** Records that a frame was sent, or that no frames wait. */
  void onProgress(long now) {
    waiting = false;
    lastProgress = now;
  }

  /** Records that frames wait. Returns whether the timeout has passed without progress. */
  boolean onWaiting(long now) {
    if (!waiting) {
      waiting = true;
      // Turns are more frequent. If the last one is older, this process did not run in between.
      lastProgress = Math.max(lastProgress, now - ProgressMonitor.CHECK_INTERVAL.toNanos());
    }
    return now - lastProgress > timeoutNanos;
  }
}
