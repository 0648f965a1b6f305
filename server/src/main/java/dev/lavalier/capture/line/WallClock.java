package dev.lavalier.capture.line;

import dev.lavalier.common.TimeSource;

/**
 * Converts steady times to unix times. The two clocks cannot be read at the same moment, and a
 * thread may be preempted between the two reads. Therefore each reading of the wall clock is
 * bracketed by two readings of the steady clock, and a wide bracket counts only if it proves that
 * the wall clock was set. Small differences are smoothed, because time servers adjust the wall
 * clock gradually.
 *
 * <p>Used by one thread.
 */
final class WallClock {

  /** A bracket that is not wider is used at once. */
  private static final long NARROW_NANOS = 20_000;

  /** A bracket that is wider proves nothing about small differences. */
  private static final long WIDE_NANOS = 200_000;

  private static final int MAX_READS = 3;

  /** A larger difference is a step of the wall clock, not an adjustment. */
  private static final long STEP_NANOS = 5_000_000;

  /** The share of a difference by which the offset moves at each update. */
  private static final int SMOOTHING = 32;

  private final TimeSource timeSource;
  private boolean known;
  private long offset; // unix time minus steady time

  WallClock(TimeSource timeSource) {
    this.timeSource = timeSource;
  }

  /**
   * Reads both clocks.
   *
   * @return by how much the wall clock was set forward, or back if negative, since the last update;
   *     0 if it was only adjusted
   */
  long update() {
    long width = Long.MAX_VALUE;
    long measured = 0;
    for (int i = 0; i < MAX_READS && width > NARROW_NANOS; i++) {
      long before = timeSource.nanoTime();
      long unix = timeSource.unixNanos();
      long after = timeSource.nanoTime();
      if (after - before < width) {
        width = after - before;
        measured = unix - (before + width / 2);
      }
    }
    long difference = measured - offset;
    if (!known) {
      known = true;
      offset = measured;
      return 0;
    }
    if (Math.abs(difference) > STEP_NANOS + width) {
      offset = measured;
      return difference;
    }
    if (width <= WIDE_NANOS) {
      offset += difference / SMOOTHING;
    }
    return 0;
  }

  /** Returns the unix time of a steady time. Must be updated before. */
  long unixNanosOf(long nanos) {
    return nanos + offset;
  }
}
