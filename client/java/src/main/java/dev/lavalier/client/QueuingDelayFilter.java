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
final class QueuingDelayFilter {

  private static final long DRIFT_DIVISOR = 1_000;
  private static final long CLOCK_STEP_TIMEOUT = 5_000_000_000L;

  private final long maxDelay;

  private boolean initialized;
  private long baseDelay; // as of the moment leastAt
  private long baseDelayAt;
  private boolean stale; // the last frame was
  private long staleSince;

  /** Takes for fresh what has waited for no longer than {@code maxDelay}. */
  QueuingDelayFilter(long maxDelay) {
    this.maxDelay = maxDelay;
  }

  /**
   * Judges a frame; in the order in which they arrive.
   *
   * @param sent when the server had read it, by its clock
   * @param arrived when it was here, by ours
   * @param now the time by ours
   */
  boolean accept(long sent, long arrived, long now) {
    updateBaseDelay(arrived - sent, arrived);
    if (now - sent - baseDelay <= maxDelay) {
      stale = false;
      return true;
    }
    if (!stale) {
      stale = true;
      staleSince = now;
    } else if (now - staleSince > CLOCK_STEP_TIMEOUT) {
      initialized = false;
      stale = false;
    }
    return false;
  }

  private void updateBaseDelay(long difference, long arrived) {
    if (initialized) {
      baseDelay += (arrived - baseDelayAt) / DRIFT_DIVISOR;
    }
    if (!initialized || difference - baseDelay < 0) {
      baseDelay = difference;
      initialized = true;
    }
    baseDelayAt = arrived;
  }
}
