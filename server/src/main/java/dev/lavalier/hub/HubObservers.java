package dev.lavalier.hub;

import dev.lavalier.audio.PcmFormat;
import dev.lavalier.pipeline.Gap;
import dev.lavalier.pipeline.StreamMetrics;
import java.time.Duration;
import java.util.List;

/** Combines several observers into one. */
record HubObservers(List<HubObserver> all) implements HubObserver {

  @Override
  public void onOpened(String deviceId, PcmFormat format, long epoch) {
    all.forEach(each -> each.onOpened(deviceId, format, epoch));
  }

  @Override
  public void onClosed(
      String deviceId,
      long epoch,
      Duration open,
      long samples,
      String reason,
      boolean acknowledged) {
    all.forEach(each -> each.onClosed(deviceId, epoch, open, samples, reason, acknowledged));
  }

  @Override
  public void onLost(String deviceId, String reason) {
    all.forEach(each -> each.onLost(deviceId, reason));
  }

  @Override
  public void onRecovered(String deviceId, Duration outage) {
    all.forEach(each -> each.onRecovered(deviceId, outage));
  }

  @Override
  public void onOverrun(String deviceId, long samples, PcmFormat format) {
    all.forEach(each -> each.onOverrun(deviceId, samples, format));
  }

  @Override
  public void onSubscribed(SubscriptionStatus subscription) {
    all.forEach(each -> each.onSubscribed(subscription));
  }

  @Override
  public void onSubscriptionEnded(SubscriptionStatus subscription, String reason) {
    all.forEach(each -> each.onSubscriptionEnded(subscription, reason));
  }

  @Override
  public void onGap(SubscriptionStatus subscription, Gap gap) {
    all.forEach(each -> each.onGap(subscription, gap));
  }

  /** Returns the metrics of the first observer that counts frames; the others do not count them. */
  @Override
  public StreamMetrics streamMetrics(String deviceId) {
    return all.stream()
        .map(each -> each.streamMetrics(deviceId))
        .filter(streamMetrics -> streamMetrics != StreamMetrics.NONE)
        .findFirst()
        .orElse(StreamMetrics.NONE);
  }
}
