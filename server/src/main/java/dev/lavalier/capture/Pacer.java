package dev.lavalier.capture;

/**
 * When the next period is due. Some sound servers deliver in lumps that are not whole periods:
 * taken as they come, periods of 20 ms are 0 or 40 ms apart. The pacer lets them go at even
 * distances, just late enough that each is there when it is due: at most one lump later.
 *
 * <p>A period that comes late moves the schedule back by as much; where for {@link #PATIENCE some
 * seconds} more was waiting than needed, it moves forward again, by too little at a time to be
 * heard of. That also follows a device whose clock is not ours. A pause longer than {@link
 * #MAX_HOLD_NANOS} is no lump: what piled up meanwhile goes out at once.
 *
 * <p>One thread. All in nanoseconds.
 */
final class Pacer {

  /** The longest that a period is held back. */
  static final long MAX_HOLD_NANOS = 25_000_000;

  /** What should wait at least when a period goes, against jitter. */
  private static final long MARGIN = 5_000_000;

  private static final long PATIENCE = 60_000_000_000L;

  /** After so many periods that had to be waited for, all too late to be held, it fell back. */
  private static final int FALLEN_BACK = 100;

  /** The most by which one distance is shortened. */
  private static final long STEP = 100_000;

  private final long period;
  private long due;
  private long leastSpare = Long.MAX_VALUE;
  private long judgeAt;
  private long surplus; // how much the schedule is still to move forward
  private boolean catchingUp; // more waits than is ever held back
  private int lateOnes; // waited for since one was in time, each by more than can be held
  private long leastLate;

  Pacer(long period) {
    this.period = period;
  }

  /** Returns when the next period is due. */
  long due() {
    return due;
  }

  /** Begins the schedule: the first period goes now. */
  void begin(long now) {
    due = now;
    judgeAt = now + PATIENCE;
  }

  /**
   * A period goes.
   *
   * @param now when; at {@link #due} or later
   * @param waited whether it was not there when it was due
   * @param spare how much more was waiting
   */
  void went(long now, boolean waited, long spare) {
    long late = now - due;
    if (waited && late <= MAX_HOLD_NANOS) {
      due = now;
      surplus = 0;
    }
    noteFallingBack(waited, late);
    leastSpare = Math.min(leastSpare, spare);
    if (now >= judgeAt) {
      surplus = Math.max(0, Math.min(leastSpare, MAX_HOLD_NANOS) - MARGIN);
      leastSpare = Long.MAX_VALUE;
      judgeAt = now + PATIENCE;
    }
    catchingUp = spare > 2 * MAX_HOLD_NANOS || (catchingUp && spare >= period);
    if (catchingUp) {
      due = Math.min(due, now - period);
    }
    long step = Math.min(surplus, STEP);
    surplus -= step;
    due += period - step;
  }

  private void noteFallingBack(boolean waited, long late) {
    if (late <= MAX_HOLD_NANOS) {
      lateOnes = 0;
    } else if (waited) { // else it is of a backlog, or the second one of a lump
      leastLate = lateOnes == 0 ? late : Math.min(leastLate, late);
      lateOnes++;
    }
    if (lateOnes == FALLEN_BACK) {
      due += leastLate;
      lateOnes = 0;
    }
  }

  /** The device lost so much: nothing of it will come. */
  void skip(long now, long nanos) {
    due = Math.min(due + nanos, now + period);
  }
}
