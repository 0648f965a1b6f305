package dev.lavalier.fleet;

import java.time.Duration;

/**
 * Receives the events of a fleet, for the audit log and the metrics. Called on the thread on which
 * an event happens, possibly on several threads at once. Must not block or throw.
 */
public interface FleetObserver {

  /** Ignores all events. */
  FleetObserver NONE = new FleetObserver() {};

  /**
   * Called on a node when an edge got a lease for a device. Not called if it renews the lease, or
   * replaces it.
   *
   * @param device its id on the node
   */
  default void onLeaseGranted(String edge, String device) {}

  /**
   * Called on a node when a lease has ended.
   *
   * @param device its id on the node
   * @param held how long the edge had the lease
   * @param reason why it ended, in a few words
   */
  default void onLeaseEnded(String edge, String device, Duration held, String reason) {}

  /**
   * Called on an edge for each block that it uses.
   *
   * @param node the id of the node that sent it
   * @param waitedNanos how long it waited on the way, 0 or more
   */
  default void onBlock(String node, long waitedNanos) {}

  /**
   * Called on an edge for each block that it receives.
   *
   * @param nanos how long it waited on this machine until the edge processed it, at most; 0 or more
   */
  default void onQueued(long nanos) {}
}
