package dev.lavalier.fleet;

import java.util.HashMap;
import java.util.Map;

/**
 * Limits how much earlier audio a node sends to each edge: 64 answers at once, and 16 per second
 * after that, of at most 512 KiB each. Used by one thread at a time.
 */
final class FetchLimit {

  static final int BURST = 64;

  private static final long INTERVAL_NANOS = 1_000_000_000L / 16;

  private static final int MAX_EDGES = 1_024;

  private final Map<String, Long> usedUntil = new HashMap<>(); // steady time, by edge

  /** Takes an answer of the share of an edge. Returns false if the share is used up. */
  boolean take(String edge, long now) {
    if (usedUntil.size() >= MAX_EDGES) {
      usedUntil.values().removeIf(until -> until - now <= 0);
    }
    Long known = usedUntil.get(edge);
    long until = (known == null || known - now < 0 ? now : known) + INTERVAL_NANOS;
    if (until - now > BURST * INTERVAL_NANOS) {
      return false;
    }
    usedUntil.put(edge, until);
    return true;
  }
}
