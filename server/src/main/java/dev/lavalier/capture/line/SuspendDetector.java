package dev.lavalier.capture.line;

import dev.lavalier.common.TimeSource;

/**
 * Notices that the machine was suspended. {@link TimeSource#suspendedNanos} says for how long. If
 * it does not know, the machine was suspended if the wall clock went forward while the line
 * stalled: if samples continue to arrive, the wall clock was set.
 *
 * <p>Used by one thread.
 */
final class SuspendDetector {

  /** Interval between checks of the wall clock. */
  private static final long WALL_CHECK_NANOS = 5_000_000;

  /** Interval between checks for a suspend that the wall clock does not show. */
  private static final long SUSPEND_CHECK_NANOS = 1_000_000_000L;

  /** Suspends are measured to about 20 ms; this is longer. */
  private static final long MIN_SUSPEND_NANOS = 100_000_000L;

  /** The wall clock goes forward by more than this, if it shows a suspend. */
  private static final long MIN_JUMP_NANOS = 1_000_000_000L;

  /** The line stalls for at least this long, if a jump of the wall clock was a suspend. */
  private static final double MIN_STALL_SECONDS = 0.2;

  /** A line that has delivered nothing for this long after a suspend needs to be resumed. */
  private static final long RESUME_NANOS = 1_000_000_000L;

  private final TimeSource timeSource;
  private final WallClock wallClock;
  private long wallCheckedAt;
  private long suspendCheckedAt;
  private long suspendedNanos = TimeSource.UNKNOWN; // the last answer of the time source
  private long wallJump; // by how much the wall clock went forward since the last arrival
  private boolean resuming; // nothing has arrived since a suspend
  private long resumeAt;

  SuspendDetector(TimeSource timeSource, WallClock wallClock) {
    this.timeSource = timeSource;
    this.wallClock = wallClock;
  }

  /** Starts to watch the clocks, at a steady time. */
  void start(long now) {
    wallCheckedAt = now;
    suspendCheckedAt = now;
    suspendedNanos = timeSource.suspendedNanos();
    wallClock.update();
  }

  /**
   * Updates the wall clock, and returns for how long the machine was suspended since the last
   * check, in nanoseconds; 0 if it was not, or if only the next arrival can show that.
   */
  long check(long now) {
    if (now - wallCheckedAt < WALL_CHECK_NANOS) {
      return 0;
    }
    wallCheckedAt = now;
    long jump = wallClock.update();
    if (jump < MIN_JUMP_NANOS && now - suspendCheckedAt < SUSPEND_CHECK_NANOS) {
      return 0;
    }
    suspendCheckedAt = now;
    long total = timeSource.suspendedNanos();
    boolean known = total != TimeSource.UNKNOWN && suspendedNanos != TimeSource.UNKNOWN;
    long suspended = known ? total - suspendedNanos : 0;
    suspendedNanos = Math.max(suspendedNanos, total);
    if (!known && jump >= MIN_JUMP_NANOS) {
      wallJump += jump;
      resumeLater(now);
    }
    if (suspended < MIN_SUSPEND_NANOS) {
      return 0;
    }
    resumeLater(now);
    return suspended;
  }

  private void resumeLater(long now) {
    resuming = true;
    resumeAt = now + RESUME_NANOS;
  }

  /** Returns whether nothing has arrived for a second after a suspend. */
  boolean isResumeDue(long now) {
    return resuming && now >= resumeAt;
  }

  /** Records that a read was used to resume the line. */
  void onResume() {
    resuming = false;
  }

  /**
   * Records that samples arrived.
   *
   * @param lateness by how many seconds they are late; 0 if unknown
   * @return for how long the machine was suspended before, in nanoseconds; usually 0
   */
  long onArrival(double lateness) {
    resuming = false;
    long jump = wallJump;
    wallJump = 0;
    return lateness >= MIN_STALL_SECONDS ? jump : 0;
  }
}
