package dev.lavalier.client;

/**
 * How long frames have waited, since the server read them, beyond what the way from there takes at
 * best. The server's clock and ours need not agree: their difference, and the shortest way, are
 * what the least of all differences between sending and arrival shows.
 *
 * <p>Clocks drift apart, so that the least is let rise by a thousandth of the time that passes:
 * twice as fast as clocks are slewed. And they are set: where everything has seemed too old for 5
 * s, it is taken for that, and reckoning begins anew. A stall is not taken for it, however long,
 * since what comes after the stall is fresh again at once.
 *
 * <p>One thread. All in nanoseconds.
 */
final class Freshness {

  private static final long DRIFT_DIVISOR = 1_000;
  private static final long DISBELIEF = 5_000_000_000L;

  private final long bound;

  private boolean begun;
  private long least; // as of the moment leastAt
  private long leastAt;
  private boolean stale; // the last frame was
  private long staleSince;

  /** Takes for fresh what has waited for no longer than {@code bound}. */
  Freshness(long bound) {
    this.bound = bound;
  }

  /**
   * Judges a frame; in the order in which they arrive.
   *
   * @param sent when the server had read it, by its clock
   * @param arrived when it was here, by ours
   * @param now the time by ours
   */
  boolean isFresh(long sent, long arrived, long now) {
    noteArrival(arrived - sent, arrived);
    if (now - sent - least <= bound) {
      stale = false;
      return true;
    }
    if (!stale) {
      stale = true;
      staleSince = now;
    } else if (now - staleSince > DISBELIEF) {
      begun = false;
      stale = false;
    }
    return false;
  }

  private void noteArrival(long difference, long arrived) {
    if (begun) {
      least += (arrived - leastAt) / DRIFT_DIVISOR;
    }
    if (!begun || difference - least < 0) {
      least = difference;
      begun = true;
    }
    leastAt = arrived;
  }
}
