package dev.lavalier.capture.line;

import java.util.Arrays;

/**
 * Schedules the periods at even intervals. Some sound servers deliver samples in bursts that are
 * not whole periods: without a schedule, periods of 20 ms would be 0 or 40 ms apart. The pacer
 * delays them by just enough that a period is available when it is due, which is at most one burst.
 * Bursts of more than about 40 ms remain uneven.
 *
 * <p>Bursts that are not whole periods make periods late again and again; a busy machine makes some
 * late now and then. Only the first should delay all others. So the pacer takes the latest period
 * of each {@link #INTERVAL}. Its lateness counts only up to that of the latest period of the {@link
 * #RECENT} intervals before. The schedule follows the highest of these values of the last {@link
 * #INTERVALS}, and ignores one of {@link #INTERVALS_PER_IGNORED}. A period that is later than the
 * schedule is released when it arrives, and does not move the schedule.
 *
 * <p>The schedule moves back at once, and forward by at most a {@link #MAX_ADVANCE_PART}th part of
 * each period. It follows a device whose clock differs from the clock of this machine. A pause
 * longer than {@link #MAX_DELAY_NANOS} is not a burst: the periods that accumulated are released at
 * once.
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

  /** The backlog that remains when the schedule moves forward, as a thread wakes up a bit late. */
  private static final long MARGIN = 200_000;

  private static final long INTERVAL = 50_000_000;

  /**
   * Together they last for 30 s. The pattern in which bursts of up to 60 ms and periods of 10 ms
   * meet repeats within that time.
   */
  private static final int INTERVALS = 600;

  /** Together they last for 350 ms: the pattern of PipeWire's bursts repeats after 320 ms. */
  private static final int RECENT = 7;

  private static final int INTERVALS_PER_IGNORED = 50;

  private static final int MAX_ADVANCE_PART = 100;

  /**
   * After this many periods that were all later than {@link #MAX_DELAY_NANOS} and had to be waited
   * for, the schedule is reset to the least late one.
   */
  private static final int LATE_PERIODS_BEFORE_RESYNC = 100;

  private final long period;
  private final long[] delays = new long[INTERVALS]; // of the intervals; a ring
  private final long[] sorted = new long[INTERVALS];
  private final long[] recent = new long[RECENT]; // the delay for the latest period; a ring
  private long due;
  private long delay; // of the schedule, relative to its start
  private long targetDelay;
  private long latest = Long.MIN_VALUE; // the delay for the latest period of this interval
  private int intervals; // recorded so far
  private long intervalEnd;
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
    Arrays.fill(recent, Long.MIN_VALUE);
    intervalEnd = now + INTERVAL;
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
    detectPersistentDelay(waited, lateness);
    if (!waited) {
      long early = Math.min(backlog, 2 * MAX_DELAY_NANOS) - MARGIN;
      latest = Math.max(latest, delay - Math.max(0, early));
    } else if (lateness <= MAX_DELAY_NANOS) {
      latest = Math.max(latest, delay + lateness);
    }
    if (now >= intervalEnd && latest != Long.MIN_VALUE) {
      endInterval(now);
    }
    catchingUp = backlog > 2 * MAX_DELAY_NANOS || (catchingUp && backlog >= period);
    if (catchingUp) {
      due = Math.min(due, now - period);
    }
    moveBy(Math.max(-period / MAX_ADVANCE_PART, targetDelay - delay));
    due += period;
  }

  private void endInterval(long now) {
    long recurring = intervals == 0 ? latest : Arrays.stream(recent).max().getAsLong();
    delays[intervals % INTERVALS] = Math.min(latest, recurring);
    recent[intervals % RECENT] = latest;
    intervals++;
    latest = Long.MIN_VALUE;
    intervalEnd = now + INTERVAL;
    int count = Math.min(intervals, INTERVALS);
    System.arraycopy(delays, 0, sorted, 0, count);
    Arrays.sort(sorted, 0, count);
    targetDelay = sorted[count - 1 - count / INTERVALS_PER_IGNORED];
  }

  private void moveBy(long nanos) {
    delay += nanos;
    due += nanos;
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
