package dev.lavalier.capture.line;

/**
 * Schedules the periods at even intervals. Some sound servers deliver samples in bursts that are
 * not whole periods: without a schedule, periods of 20 ms would be 0 or 40 ms apart. The pacer
 * delays them by just enough that each period is available when it is due, which is at most one
 * burst. Bursts of more than about 40 ms remain uneven.
 *
 * <p>A period that arrives late delays the schedule by the same time. If more samples than
 * necessary were waiting throughout an {@link #ADJUST_INTERVAL}, the schedule moves forward again
 * in steps of at most {@link #MAX_ADVANCE_PER_PERIOD}. The schedule also follows a device whose
 * clock differs from the clock of this machine. A pause longer than {@link #MAX_DELAY_NANOS} is not
 * a burst: the periods that accumulated are released at once.
 *
 * <p>Used by one thread. All times are in nanoseconds.
 */
final class Pacer {

  /**
   * The maximum lateness of a period that delays the schedule. The period itself may be held back
   * for longer: by almost one burst. Bursts of up to 40 ms are released evenly, and longer ones
   * unevenly.
   */
  static final long MAX_DELAY_NANOS = 25_000_000;

  /** The backlog that should remain when a period is released, to absorb jitter. */
  private static final long MARGIN = 5_000_000;

  private static final long ADJUST_INTERVAL = 60_000_000_000L;

  /**
   * After this many periods that were all later than {@link #MAX_DELAY_NANOS} and had to be waited
   * for, the schedule is reset to the least late one.
   */
  private static final int LATE_PERIODS_BEFORE_RESYNC = 100;

  /** The maximum time by which one interval is shortened. */
  private static final long MAX_ADVANCE_PER_PERIOD = 100_000;

  private final long period;
  private long due;
  private long minBacklog = Long.MAX_VALUE;
  private long nextAdjustmentAt;
  private long pendingAdvance; // by how much the schedule still has to move forward
  private boolean catchingUp; // the backlog is larger than any that is held back
  private int lateCount; // consecutive waits for periods later than MAX_DELAY_NANOS
  private long minLateness;

  Pacer(long period) {
    this.period = period;
  }

  /** Returns the steady time at which the next period is due. */
  long due() {
    return due;
  }

  /** Starts the schedule: the first period is due now. */
  void start(long now) {
    due = now;
    nextAdjustmentAt = now + ADJUST_INTERVAL;
  }

  /**
   * Records that a period is released.
   *
   * @param now the steady time, at {@link #due} or later
   * @param waited whether the period was not available when it was due
   * @param backlog length of the samples that remain in the line
   */
  void onPeriodReleased(long now, boolean waited, long backlog) {
    long lateness = now - due;
    if (waited && lateness <= MAX_DELAY_NANOS) {
      due = now;
      pendingAdvance = 0;
    }
    detectPersistentDelay(waited, lateness);
    minBacklog = Math.min(minBacklog, backlog);
    if (now >= nextAdjustmentAt) {
      pendingAdvance = Math.max(0, Math.min(minBacklog, MAX_DELAY_NANOS) - MARGIN);
      minBacklog = Long.MAX_VALUE;
      nextAdjustmentAt = now + ADJUST_INTERVAL;
    }
    catchingUp = backlog > 2 * MAX_DELAY_NANOS || (catchingUp && backlog >= period);
    if (catchingUp) {
      due = Math.min(due, now - period);
    }
    long step = Math.min(pendingAdvance, MAX_ADVANCE_PER_PERIOD);
    pendingAdvance -= step;
    due += period - step;
  }

  private void detectPersistentDelay(boolean waited, long lateness) {
    if (lateness <= MAX_DELAY_NANOS) {
      lateCount = 0;
    } else if (waited) { // otherwise it belongs to a backlog, or is the second one of a burst
      minLateness = lateCount == 0 ? lateness : Math.min(minLateness, lateness);
      lateCount++;
    }
    if (lateCount == LATE_PERIODS_BEFORE_RESYNC) {
      due += minLateness;
      lateCount = 0;
    }
  }

  /**
   * Skips audio that the device lost.
   *
   * @param nanos length of the lost audio
   */
  void skip(long now, long nanos) {
    due = Math.min(due + nanos, now + period);
  }
}
