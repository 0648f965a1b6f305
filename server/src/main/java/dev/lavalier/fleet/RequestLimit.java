package dev.lavalier.fleet;

import java.util.HashMap;
import java.util.Map;

/**
 * Limits the requests of each edge: some at once, and some per second after that. Used by one
 * thread at a time.
 */
final class RequestLimit {

  private static final int MAX_EDGES = 1_024;

  private final int burst;
  private final long intervalNanos;
  private final Map<String, Long> usedUntil = new HashMap<>(); // steady time, by edge

  /**
   * Creates a limit.
   *
   * @param burst how many requests are permitted at once
   * @param perSecond how many are permitted after that
   */
  RequestLimit(int burst, int perSecond) {
    this.burst = burst;
    this.intervalNanos = 1_000_000_000L / perSecond;
  }

  /** Takes a request of the share of an edge. Returns false if the share is used up. */
  boolean take(String edge, long now) {
    if (usedUntil.size() >= MAX_EDGES) {
      usedUntil.values().removeIf(until -> until - now <= 0);
    }
    Long known = usedUntil.get(edge);
    long until = (known == null || known - now < 0 ? now : known) + intervalNanos;
    if (until - now > burst * intervalNanos) {
      return false;
    }
    usedUntil.put(edge, until);
    return true;
  }
}
