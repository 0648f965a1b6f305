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
  private long currentMax; // the longest wait in this window
  private long previousMax;
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
      previousMax = currentMax;
      currentMax = 0;
      windowStart = now;
    } else {
      current = Math.min(current, difference);
    }
    long waited = difference - Math.min(current, previous);
    currentMax = Math.max(currentMax, waited);
    return waited;
  }

  /** Returns a steady time of the node as a steady time of this machine, without the way. */
  synchronized long toLocal(long nodeNanos) {
    long least = Math.min(current, previous);
    return least == Long.MAX_VALUE ? nodeNanos : nodeNanos + least;
  }

  /** Returns the longest time that a message waited in the last 5 to 10 s. */
  synchronized long maxWaitNanos(long now) {
    long windows = (now - windowStart) / WINDOW_NANOS;
    return windows == 0 ? Math.max(currentMax, previousMax) : windows == 1 ? currentMax : 0;
  }
}
