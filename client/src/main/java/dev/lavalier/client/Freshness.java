package dev.lavalier.client;

/**
 * How long frames have waited, since the server read them, beyond what the way from there takes at
 * best. The server's clock and ours need not agree: their difference, and the shortest way, are
 * what the least of all differences between sending and arrival shows. It is the least of the last
 * one to two minutes, so that clocks may also drift apart.
 *
 * <p>One thread. All in nanoseconds.
 */
final class Freshness {

  private static final long FORGET_AFTER = 60_000_000_000L;

  private long least = Long.MAX_VALUE;
  private long leastBefore = Long.MAX_VALUE; // of the minute before
  private long forgetAt = Long.MAX_VALUE;

  /**
   * Takes note of an arrival.
   *
   * @param sent when the server had read the frame, by its clock
   * @param arrived when it was here, by ours
   */
  void arrived(long sent, long arrived) {
    if (forgetAt == Long.MAX_VALUE) {
      forgetAt = arrived + FORGET_AFTER;
    } else if (arrived >= forgetAt) {
      leastBefore = least;
      least = Long.MAX_VALUE;
      forgetAt = arrived + FORGET_AFTER;
    }
    least = Math.min(least, arrived - sent);
  }

  /** Returns how long a frame has waited; {@link #arrived} was told of it. */
  long age(long sent, long now) {
    return now - sent - Math.min(least, leastBefore);
  }
}
