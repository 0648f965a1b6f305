package dev.lavalier.fleet;

import java.time.Duration;
import java.util.HashMap;
import java.util.Iterator;
import java.util.Map;
import java.util.TreeMap;

/**
 * The leases of a node: which edges need which device, and until when. Used by one thread at a
 * time. Times are steady times in nanoseconds.
 */
final class Leases {

  /** The maximum number of edges that have a lease for one device. */
  static final int MAX_EDGES = 256;

  /** An edge that says more counts as this many, so that the sum of all edges does not overflow. */
  static final int MAX_LISTENERS = 1_000_000;

  /**
   * A lease.
   *
   * @param number that the edge has chosen
   * @param listeners its subscriptions
   * @param start steady time of the first lease
   * @param end steady time
   */
  private record Lease(long number, int listeners, long start, long end) {}

  private final FleetObserver observer;
  private final Map<String, Map<String, Lease>> held = new HashMap<>(); // by device, then by edge

  Leases(FleetObserver observer) {
    this.observer = observer;
  }

  /**
   * Grants a lease, in place of an earlier one of the same edge.
   *
   * @param number that the edge has chosen
   * @param listeners its subscriptions
   * @return false if too many edges have one
   */
  boolean grant(String device, String edge, long number, int listeners, long now) {
    Map<String, Lease> ofDevice = held.getOrDefault(device, Map.of());
    Lease known = ofDevice.get(edge);
    if (known == null && ofDevice.size() >= MAX_EDGES) {
      return false;
    }
    long start = known == null ? now : known.start();
    long end = now + Timing.LEASE.toNanos();
    held.computeIfAbsent(device, d -> new HashMap<>())
        .put(edge, new Lease(number, Math.min(listeners, MAX_LISTENERS), start, end));
    if (known == null) {
      observer.onLeaseGranted(edge, device);
    }
    return true;
  }

  /**
   * Renews a lease. One that has ended is granted again, if another edge has one: the device is
   * still published.
   */
  void renew(String device, String edge, long number, int listeners, long now) {
    Map<String, Lease> ofDevice = held.get(device);
    if (ofDevice == null) {
      return;
    }
    Lease known = ofDevice.get(edge);
    if (known == null || known.number() == number) {
      var unused = grant(device, edge, number, listeners, now);
    }
  }

  /** Ends a lease. Has no effect if the edge has a later one. */
  void release(String device, String edge, long number, long now) {
    Map<String, Lease> ofDevice = held.getOrDefault(device, Map.of());
    Lease known = ofDevice.get(edge);
    if (known != null && known.number() == number) {
      ofDevice.remove(edge);
      held.values().removeIf(Map::isEmpty);
      report(device, edge, known, now, "released");
    }
  }

  /** Removes the leases that have expired. */
  void expire(long now) {
    removeUntil(now, now, "expired");
  }

  /** Removes all leases. */
  void clear(long now, String reason) {
    removeUntil(now + Timing.LEASE.toNanos(), now, reason);
  }

  private void removeUntil(long end, long now, String reason) {
    held.forEach(
        (device, ofDevice) -> {
          Iterator<Map.Entry<String, Lease>> each = ofDevice.entrySet().iterator();
          while (each.hasNext()) {
            Map.Entry<String, Lease> next = each.next();
            if (next.getValue().end() - end <= 0) {
              each.remove();
              report(device, next.getKey(), next.getValue(), now, reason);
            }
          }
        });
    held.values().removeIf(Map::isEmpty);
  }

  private void report(String device, String edge, Lease lease, long now, String reason) {
    observer.onLeaseEnded(edge, device, Duration.ofNanos(now - lease.start()), reason);
  }

  /** Returns whether an edge has a lease for a device. */
  boolean isHeld(String device) {
    return held.containsKey(device);
  }

  /** Returns whether an edge has a lease for a device. */
  boolean isHeld(String device, String edge) {
    return held.getOrDefault(device, Map.of()).containsKey(edge);
  }

  /** Returns the edges that have a lease for a device, and their numbers of subscriptions. */
  Map<String, Integer> listeners(String device) {
    Map<String, Integer> listeners = new TreeMap<>();
    held.getOrDefault(device, Map.of())
        .forEach((edge, lease) -> listeners.put(edge, lease.listeners()));
    return listeners;
  }
}
