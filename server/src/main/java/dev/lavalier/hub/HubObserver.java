package dev.lavalier.hub;

import dev.lavalier.audio.PcmFormat;
import dev.lavalier.pipeline.Gap;
import dev.lavalier.pipeline.StreamMetrics;
import java.time.Duration;
import java.util.List;

/**
 * Receives the events of a hub, for the audit log, the metrics and the flight recorder. Called on
 * the thread on which an event happens, possibly on several threads at once. Must not block. If a
 * method throws, the hub logs that and continues.
 */
public interface HubObserver {

  /** Ignores all events. */
  HubObserver NONE = new HubObserver() {};

  /** Called when a device was opened: the microphone is on from now on. */
  default void onOpened(String deviceId, PcmFormat format, long epoch) {}

  /**
   * Called when a device was closed: the microphone is off, unless {@code acknowledged} is false.
   *
   * @param open how long the device was open
   * @param samples number of captured samples per channel, including those that the device lost
   * @param reason why it was closed, in a few words
   * @param acknowledged whether the sound system completed the call; if false, it is not known
   *     whether the microphone is off
   */
  default void onClosed(
      String deviceId,
      long epoch,
      Duration open,
      long samples,
      String reason,
      boolean acknowledged) {}

  /** Called when a device was lost while it was open. */
  default void onLost(String deviceId, String reason) {}

  /** Called when a lost device delivers audio again. */
  default void onRecovered(String deviceId, Duration outage) {}

  /** Called when a device lost samples while it was open, as estimated from its clock. */
  default void onOverrun(String deviceId, long samples, PcmFormat format) {}

  /** Called when a subscription was created. */
  default void onSubscribed(SubscriptionStatus subscription) {}

  /**
   * Called when a subscription has ended.
   *
   * @param reason why it ended, in a few words
   */
  default void onSubscriptionEnded(SubscriptionStatus subscription, String reason) {}

  /** Called when a gap was reported to a subscription. */
  default void onGap(SubscriptionStatus subscription, Gap gap) {}

  /** Returns the metrics of one device. Called once for each device. */
  default StreamMetrics streamMetrics(String deviceId) {
    return StreamMetrics.NONE;
  }

  /** Returns an observer that calls several observers in order, and never throws. */
  static HubObserver all(List<HubObserver> observers) {
    return observers.isEmpty() ? NONE : new HubObservers(List.copyOf(observers));
  }
}
