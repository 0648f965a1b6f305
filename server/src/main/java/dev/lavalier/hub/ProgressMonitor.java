package dev.lavalier.hub;

import dev.lavalier.capture.Capture;
import java.time.Duration;

/**
 * Notices that a capture delivers no periods any more, although its thread may hang in the sound
 * system. Used by the device's actor only.
 */
final class ProgressMonitor {

  /** Interval between checks. */
  static final Duration CHECK_INTERVAL = Duration.ofMillis(500);

  private final Capture capture;
  private long periods;
  private int stalledChecks;

  ProgressMonitor(Capture capture) {
    this.capture = capture;
  }

  /**
   * Checks for progress. Call it once per {@link #CHECK_INTERVAL}. Checks are counted, not time: if
   * this process itself stood still, the capture thread must have its chance.
   *
   * @return whether the capture has been silent for its {@link Capture#silenceTimeout}
   */
  boolean isLost() {
    long now = capture.periods();
    stalledChecks = now == periods ? stalledChecks + 1 : 0;
    periods = now;
    return stalledChecks >= timeout().dividedBy(CHECK_INTERVAL);
  }

  /** Returns how long the capture may be silent at this point. */
  Duration timeout() {
    return capture.silenceTimeout(periods == 0);
  }
}
