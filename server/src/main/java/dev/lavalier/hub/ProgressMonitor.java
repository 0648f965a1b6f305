package dev.lavalier.hub;

import dev.lavalier.capture.Capture;
import java.time.Duration;

/**
 * Detects that a capture does not deliver periods any more, even if its thread hangs in the sound
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
   * Checks for progress. Call it once per {@link #CHECK_INTERVAL}. It counts checks instead of
   * time, so that after a suspension of this process the capture thread has time to deliver a
   * period.
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
