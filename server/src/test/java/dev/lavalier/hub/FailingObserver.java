package dev.lavalier.hub;

import dev.lavalier.audio.PcmFormat;
import dev.lavalier.pipeline.Gap;
import dev.lavalier.pipeline.StreamMetrics;
import java.time.Duration;

/** Throws in every method, also of its metrics. */
final class FailingObserver implements HubObserver {

  private static Error failure() {
    return new InternalError("Java heap space");
  }

  @Override
  public void onOpened(String deviceId, PcmFormat format, long epoch) {
    throw failure();
  }

  @Override
  public void onClosed(
      String deviceId,
      long epoch,
      Duration open,
      long samples,
      String reason,
      boolean acknowledged) {
    throw failure();
  }

  @Override
  public void onLost(String deviceId, String reason) {
    throw failure();
  }

  @Override
  public void onRecovered(String deviceId, Duration outage) {
    throw failure();
  }

  @Override
  public void onOverrun(String deviceId, long samples, PcmFormat format) {
    throw failure();
  }

  @Override
  public void onSubscribed(SubscriptionStatus subscription) {
    throw failure();
  }

  @Override
  public void onSubscriptionEnded(SubscriptionStatus subscription, String reason) {
    throw failure();
  }

  @Override
  public void onGap(SubscriptionStatus subscription, Gap gap) {
    throw failure();
  }

  @Override
  public StreamMetrics streamMetrics(String deviceId) {
    return new StreamMetrics() {
      @Override
      public void onFrameSent(int bytes, long ageNanos) {
        throw failure();
      }

      @Override
      public void onSamplesLost(Gap gap) {
        throw failure();
      }

      @Override
      public void onPeriod(int samples, long jitterNanos) {
        throw failure();
      }

      @Override
      public void onLevel(double peak, double rms) {
        throw failure();
      }

      @Override
      public void onClock(double ppm) {
        throw failure();
      }
    };
  }
}
