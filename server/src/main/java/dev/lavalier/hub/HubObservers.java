package dev.lavalier.hub;

import dev.lavalier.audio.PcmFormat;
import dev.lavalier.common.FailureLog;
import dev.lavalier.common.TimeSource;
import dev.lavalier.pipeline.Gap;
import dev.lavalier.pipeline.StreamMetrics;
import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;
import org.slf4j.LoggerFactory;

/**
 * Combines several observers into one that never throws. An exception of one observer is logged,
 * and the others are called.
 */
final class HubObservers implements HubObserver {

  private final List<HubObserver> observers;
  private final FailureLog failures =
      new FailureLog(
          TimeSource.system(), LoggerFactory.getLogger(HubObservers.class), "an observer");

  HubObservers(List<HubObserver> observers) {
    this.observers = observers;
  }

  private void forEach(Consumer<HubObserver> event) {
    for (HubObserver each : observers) {
      guard(() -> event.accept(each));
    }
  }

  private void guard(Runnable call) {
    try {
      call.run();
    } catch (RuntimeException | Error e) {
      failures.report("an observer", e);
    }
  }

  @Override
  public void onOpened(String deviceId, PcmFormat format, long epoch) {
    forEach(each -> each.onOpened(deviceId, format, epoch));
  }

  @Override
  public void onClosed(
      String deviceId,
      long epoch,
      Duration open,
      long samples,
      String reason,
      boolean acknowledged) {
    forEach(each -> each.onClosed(deviceId, epoch, open, samples, reason, acknowledged));
  }

  @Override
  public void onLost(String deviceId, String reason) {
    forEach(each -> each.onLost(deviceId, reason));
  }

  @Override
  public void onRecovered(String deviceId, Duration outage) {
    forEach(each -> each.onRecovered(deviceId, outage));
  }

  @Override
  public void onOverrun(String deviceId, long samples, PcmFormat format) {
    forEach(each -> each.onOverrun(deviceId, samples, format));
  }

  @Override
  public void onSubscribed(SubscriptionStatus subscription) {
    forEach(each -> each.onSubscribed(subscription));
  }

  @Override
  public void onSubscriptionEnded(SubscriptionStatus subscription, String reason) {
    forEach(each -> each.onSubscriptionEnded(subscription, reason));
  }

  @Override
  public void onGap(SubscriptionStatus subscription, Gap gap) {
    forEach(each -> each.onGap(subscription, gap));
  }

  /** Returns the metrics of the first observer that counts frames; the others do not count them. */
  @Override
  public StreamMetrics streamMetrics(String deviceId) {
    for (HubObserver each : observers) {
      StreamMetrics[] metrics = {StreamMetrics.NONE};
      guard(() -> metrics[0] = each.streamMetrics(deviceId));
      if (metrics[0] != StreamMetrics.NONE) {
        return new GuardedStreamMetrics(metrics[0]);
      }
    }
    return StreamMetrics.NONE;
  }

  /** Metrics of which no method throws. The capture thread and the delivery loops call them. */
  private final class GuardedStreamMetrics implements StreamMetrics {

    private final StreamMetrics metrics;

    GuardedStreamMetrics(StreamMetrics metrics) {
      this.metrics = metrics;
    }

    @Override
    public void onFrameSent(int bytes, long ageNanos) {
      guard(() -> metrics.onFrameSent(bytes, ageNanos));
    }

    @Override
    public void onSamplesLost(Gap gap) {
      guard(() -> metrics.onSamplesLost(gap));
    }

    @Override
    public void onPeriod(int samples, long jitterNanos) {
      guard(() -> metrics.onPeriod(samples, jitterNanos));
    }

    @Override
    public void onLevel(double peak, double rms) {
      guard(() -> metrics.onLevel(peak, rms));
    }

    @Override
    public void onClock(double ppm) {
      guard(() -> metrics.onClock(ppm));
    }
  }
}
