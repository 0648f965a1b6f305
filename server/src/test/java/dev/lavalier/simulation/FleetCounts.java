package dev.lavalier.simulation;

import java.util.Map;
import java.util.TreeMap;

/** How often what a fleet must survive has happened, so that a test can require it. */
final class FleetCounts {

  private final Map<String, Long> counts = new TreeMap<>();

  /** The number of frames that subscribers got. */
  long frames;

  void add(String event) {
    counts.merge(event, 1L, Long::sum);
  }

  long of(String event) {
    return counts.getOrDefault(event, 0L);
  }

  @Override
  public String toString() {
    return frames + " frames, " + counts;
  }
}
