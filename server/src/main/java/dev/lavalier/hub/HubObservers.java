package dev.lavalier.hub;

import dev.lavalier.audio.PcmFormat;
import java.time.Duration;
import java.util.List;

/** Several observers as one. */
record HubObservers(List<HubObserver> all) implements HubObserver {

  @Override
  public void onOpened(String deviceId, PcmFormat format, long epoch) {
    all.forEach(each -> each.onOpened(deviceId, format, epoch));
  }

  @Override
  public void onClosed(
      String deviceId, long epoch, Duration open, long samples, String why, boolean answered) {
    all.forEach(each -> each.onClosed(deviceId, epoch, open, samples, why, answered));
  }

  @Override
  public void onLost(String deviceId, String seen) {
    all.forEach(each -> each.onLost(deviceId, seen));
  }

  @Override
  public void onBack(String deviceId, Duration away) {
    all.forEach(each -> each.onBack(deviceId, away));
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
  public void onEnded(SubscriptionStatus subscription, String why) {
    all.forEach(each -> each.onEnded(subscription, why));
  }

  @Override
  public void onGap(SubscriptionStatus subscription, Gap gap) {
    all.forEach(each -> each.onGap(subscription, gap));
  }

  /** One alone counts frames: the first that wants to. */
  @Override
  public DeviceMeter meter(String deviceId) {
    return all.stream()
        .map(each -> each.meter(deviceId))
        .filter(meter -> meter != DeviceMeter.NONE)
        .findFirst()
        .orElse(DeviceMeter.NONE);
  }
}
