package dev.lavalier.capture;

/**
 * When the next period is due. Some sound servers deliver in lumps that are not whole periods:
 * taken as they come, periods of 20 ms are 0 or 40 ms apart. The pacer lets them go at even
 * distances, just late enough that each is there when it is due: at most one lump later.
 *
 * <p>A period that comes late moves the schedule back by as much; where for {@link #ADJUST_INTERVAL some
 * seconds} more was waiting than needed, it moves forward again, by too little at a time to be
 * heard of. That also follows a device whose clock is not ours. A pause longer than {@link
 * #MAX_DELAY_NANOS} is no lump: what piled up meanwhile goes out at once.
 *
 * <p>One thread. All in nanoseconds.
 */
final class Pacer {

  /** The longest that a period is held back. */
  static final long MAX_DELAY_NANOS = 25_000_000;

  /** What should wait at least when a period goes, against jitter. */
  private static final long MARGIN = 5_000_000;

  private static final long ADJUST_INTERVAL = 60_000_000_000L;

  /** After so many periods that had to be waited for, all too late to be held, it fell back. */
  private static final int LATE_PERIODS_BEFORE_RESYNC = 100;

  /** The most by which one distance is shortened. */
  private static final long MAX_ADVANCE_PER_PERIOD = 100_000;

  private final long period;
  private long due;
  private long minBacklog = Long.MAX_VALUE;
  private long nextAdjustmentAt;
  private long pendingAdvance; // how much the schedule is still to move forward
  private boolean catchingUp; // more waits than is ever held back
  private int lateCount; // waited for since one was in time, each by more than can be held
  private long minLateness;

  Pacer(long period) {
    this.period = period;
  }

  /** Returns when the next period is due. */
  long due() {
    return due;
  }

  /** Begins the schedule: the first period goes now. */
  void start(long now) {
    due = now;
    nextAdjustmentAt = now + ADJUST_INTERVAL;
  }

  /**
   * A period goes.
   *
   * @param now when; at {@link #due} or later
   * @param waited whether it was not there when it was due
   * @param backlog how much more was waiting
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
    } else if (waited) { // else it is of a backlog, or the second one of a lump
      minLateness = lateCount == 0 ? lateness : Math.min(minLateness, lateness);
      lateCount++;
    }
    if (lateCount == LATE_PERIODS_BEFORE_RESYNC) {
      due += minLateness;
      lateCount = 0;
    }
  }

  /** The device lost so much: nothing of it will come. */
  void skip(long now, long nanos) {
    due = Math.min(due + nanos, now + period);
  }
}
