package dev.lavalier.fleet;

/**
 * Measures how long a message of a node waited on its way, by the steady clocks of both machines.
 * What a message takes at best does not count: it is the least difference of the two clocks in the
 * last 5 to 10 s. So a suspended machine, or a longer way, has no effect after 10 s.
 *
 * <p>Safe for use from any thread.
 */
final class HopClock {

  private static final long WINDOW_NANOS = 5_000_000_000L;

  // Guarded by this. The maximum value: not known.
  private long current = Long.MAX_VALUE; // the least difference in this window
  private long previous = Long.MAX_VALUE; // in the window before
  private long windowStart;

  /**
   * Learns from a message.
   *
   * @param sentNanos steady time of the node
   * @param now steady time of this machine
   * @return how long the message waited, in nanoseconds, 0 or more
   */
  synchronized long waited(long sentNanos, long now) {
    long difference = now - sentNanos;
    if (current == Long.MAX_VALUE || now - windowStart >= WINDOW_NANOS) {
      previous = current;
      current = difference;
      windowStart = now;
    } else {
      current = Math.min(current, difference);
    }
    return difference - Math.min(current, previous);
  }
}
