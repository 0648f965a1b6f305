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
  private static final long MARGIN = 1_000_000;

  private static final long PATIENCE = 10_000_000_000L;

  /** The most by which one distance is shortened. */
  private static final long STEP = 100_000;

  private final long period;
  private long due;
  private long leastSpare = Long.MAX_VALUE;
  private long judgeAt;
  private long surplus; // how much the schedule is still to move forward
  private long leastLate = Long.MAX_VALUE;

  Pacer(long period) {
    this.period = period;
  }

  /** Returns when the next period is due. */
  long due() {
    return due;
  }

  /** Begins the schedule: the first period went now. */
  void begin(long now) {
    due = now + period;
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
    leastLate = Math.min(leastLate, waited ? late : 0);
    leastSpare = Math.min(leastSpare, spare);
    if (now >= judgeAt) {
      judge(now);
    }
    long step = Math.min(surplus, STEP);
    surplus -= step;
    due += period - step;
  }

  private void judge(long now) {
    if (leastLate > MAX_HOLD_NANOS && leastLate != Long.MAX_VALUE) {
      due += leastLate; // every single one: the device has fallen back for good
    }
    surplus = Math.max(0, Math.min(leastSpare, MAX_HOLD_NANOS) - MARGIN);
    leastSpare = Long.MAX_VALUE;
    leastLate = Long.MAX_VALUE;
    judgeAt = now + PATIENCE;
  }

  /** The device lost so much: nothing of it will come. */
  void skip(long nanos) {
    due += nanos;
  }
}
