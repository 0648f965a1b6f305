package dev.lavalier.fleet;

/**
 * Measures how long a message of a node waited on its way, by the steady clocks of both machines.
 * What a message takes at best does not count: it is the least difference of the two clocks in the
 * last 5 to 10 s. So a suspended machine, or a longer way, has no effect after 10 s.
 *
 * <p>One clock serves all devices of a node. So a block that contradicts the heartbeats is not
 * used.
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
  private long currentHeartbeat = Long.MAX_VALUE; // the least difference of heartbeats
  private long previousHeartbeat = Long.MAX_VALUE;

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
      previousHeartbeat = currentHeartbeat;
      currentHeartbeat = Long.MAX_VALUE;
      windowStart = now;
    } else {
      current = Math.min(current, difference);
    }
    long waited = difference - Math.min(current, previous);
    currentMax = Math.max(currentMax, waited);
    return waited;
  }

  /** Learns from a heartbeat, like {@link #waited}. */
  synchronized long heartbeatWaited(long sentNanos, long now) {
    long waited = waited(sentNanos, now);
    currentHeartbeat = Math.min(currentHeartbeat, now - sentNanos);
    return waited;
  }

  /**
   * Returns whether a message says that it was sent later than the heartbeats permit, by more than
   * the longest time that they can have waited. After the node's machine was suspended, or this
   * one, the next heartbeat permits it.
   */
  synchronized boolean isAhead(long sentNanos, long now) {
    long least = Math.min(currentHeartbeat, previousHeartbeat);
    return least != Long.MAX_VALUE && now - sentNanos < least - Timing.MAX_WAIT.toNanos();
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
