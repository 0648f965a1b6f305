package dev.lavalier.fleet;

import java.util.HashMap;
import java.util.Map;

/**
 * The leases of a node: which edges need which device, and until when. Used by one thread at a
 * time. Times are steady times in nanoseconds.
 */
final class Leases {

  /** The maximum number of edges that have a lease for one device. */
  static final int MAX_EDGES = 256;

  /**
   * A lease.
   *
   * @param number that the edge has chosen
   * @param end steady time
   */
  private record Lease(long number, long end) {}

  private final Map<String, Map<String, Lease>> held = new HashMap<>(); // by device, then by edge

  private static Lease lease(long number, long now) {
    return new Lease(number, now + Timing.LEASE.toNanos());
  }

  /**
   * Grants a lease, in place of an earlier one of the same edge.
   *
   * @param number that the edge has chosen
   * @return false if too many edges have one
   */
  boolean grant(String device, String edge, long number, long now) {
    Map<String, Lease> ofDevice = held.computeIfAbsent(device, d -> new HashMap<>());
    if (ofDevice.size() == MAX_EDGES && !ofDevice.containsKey(edge)) {
      return false;
    }
    ofDevice.put(edge, lease(number, now));
    return true;
  }

  /** Renews a lease that has not expired. */
  void renew(String device, String edge, long now) {
    Map<String, Lease> ofDevice = held.getOrDefault(device, Map.of());
    Lease known = ofDevice.get(edge);
    if (known != null && known.end() - now > 0) {
      ofDevice.put(edge, lease(known.number(), now));
    }
  }

  /** Ends a lease. Has no effect if the edge has a later one. */
  void release(String device, String edge, long number) {
    Map<String, Lease> ofDevice = held.getOrDefault(device, Map.of());
    Lease known = ofDevice.get(edge);
    if (known != null && known.number() == number) {
      ofDevice.remove(edge);
      held.values().removeIf(Map::isEmpty);
    }
  }

  /** Removes the leases that have expired. */
  void expire(long now) {
    held.values().forEach(ofDevice -> ofDevice.values().removeIf(each -> each.end() - now <= 0));
    held.values().removeIf(Map::isEmpty);
  }

  /** Returns whether an edge has a lease for a device. */
  boolean isHeld(String device) {
    return held.containsKey(device);
  }

  /** Removes all leases. */
  void clear() {
    held.clear();
  }
}
