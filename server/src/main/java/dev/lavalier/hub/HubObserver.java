package dev.lavalier.hub;

import dev.lavalier.audio.PcmFormat;
import dev.lavalier.pipeline.Gap;
import dev.lavalier.pipeline.StreamMetrics;
import java.time.Duration;
import java.util.List;

/**
 * Keeps records of what a hub does: the audit, the figures, the flight recorder. Told as it
 * happens, on whatever thread it happens on, several at once; must neither block nor throw.
 */
public interface HubObserver {

  /** Keeps none. */
  HubObserver NONE = new HubObserver() {};

  /** A device was opened: from now on the microphone is on. */
  default void onOpened(String deviceId, PcmFormat format, long epoch) {}

  /**
   * A device was given back: the microphone is off, or, where {@code acknowledged} is false, the
   * sound system did not say.
   *
   * @param open for how long it was open
   * @param samples how many samples per channel were captured, those that the device lost counted
   * @param reason in a few words
   */
  default void onClosed(
      String deviceId,
      long epoch,
      Duration open,
      long samples,
      String reason,
      boolean acknowledged) {}

  /** A device that was open was lost. */
  default void onLost(String deviceId, String reason) {}

  /** A lost device gives audio again. */
  default void onRecovered(String deviceId, Duration outage) {}

  /** A device lost samples while it was open, as its clock shows. */
  default void onOverrun(String deviceId, long samples, PcmFormat format) {}

  /** Somebody subscribed. */
  default void onSubscribed(SubscriptionStatus subscription) {}

  /**
   * A subscription is over.
   *
   * @param reason in a few words
   */
  default void onSubscriptionEnded(SubscriptionStatus subscription, String reason) {}

  /** A subscription was told of a gap. */
  default void onGap(SubscriptionStatus subscription, Gap gap) {}

  /** Returns what counts one device's frames. Asked once for each device. */
  default StreamMetrics streamMetrics(String deviceId) {
    return StreamMetrics.NONE;
  }

  /** Returns one that tells each of several, in their order. */
  static HubObserver all(List<HubObserver> observers) {
    return observers.isEmpty() ? NONE : new HubObservers(List.copyOf(observers));
  }
}
