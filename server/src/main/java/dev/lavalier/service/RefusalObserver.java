package dev.lavalier.service;

import dev.lavalier.hub.Subscriber;

/**
 * Observes subscriptions that are refused because of the device or a limit, for the audit log.
 * Called on any thread. Must not block or throw.
 */
public interface RefusalObserver {

  /** Ignores all refusals. */
  RefusalObserver NONE = (subscriber, deviceId, reason) -> {};

  /**
   * Called when a subscription was refused because the device does not exist for the caller, the
   * caller may not stream it, or a limit is reached.
   *
   * @param deviceId the device that the request names, as the caller wrote it; empty: the default
   * @param reason the message of the status that the caller receives
   */
  void onRefused(Subscriber subscriber, String deviceId, String reason);
}
