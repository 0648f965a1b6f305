package dev.lavalier.observe;

import dev.lavalier.audio.PcmFormat;
import dev.lavalier.common.TimeSource;
import dev.lavalier.hub.HubObserver;
import dev.lavalier.hub.SubscriptionStatus;
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps a line for each microphone that goes on or off, and for each subscription's beginning and
 * end: who heard what, from when to when, and why it ended. docs/operator/audit-log.md lists the
 * lines.
 *
 * <p>They go to the logger {@value #LOGGER} at level INFO, each as a message that is complete, and
 * as key-values of the same names for whoever logs fields.
 */
public final class AuditLog implements HubObserver {

  /** The logger's name. */
  public static final String LOGGER = "lavalier.audit";

  private static final Logger log = LoggerFactory.getLogger(LOGGER);

  private final TimeSource timeSource;

  /** Makes one that tells durations by a clock. */
  public AuditLog(TimeSource timeSource) {
    this.timeSource = timeSource;
  }

  @Override
  public void onOpened(String deviceId, PcmFormat format, long epoch) {
    new AuditLine("microphone on")
        .with("device", deviceId)
        .with("format", format)
        .with("epoch", epoch)
        .writeTo(log);
  }

  @Override
  public void onClosed(
      String deviceId,
      long epoch,
      Duration open,
      long samples,
      String reason,
      boolean acknowledged) {
    AuditLine line =
        new AuditLine(acknowledged ? "microphone off" : "microphone given up")
            .with("device", deviceId)
            .with("epoch", epoch)
            .with("seconds", seconds(open.toNanos()))
            .with("samples", samples)
            .with("why", reason);
    line.writeTo(log);
  }

  @Override
  public void onSubscribed(SubscriptionStatus subscription) {
    subscriptionLine("subscription began", subscription)
        .with("format", subscription.format())
        .with("frame_size", subscription.frameSize())
        .writeTo(log);
  }

  @Override
  public void onSubscriptionEnded(SubscriptionStatus subscription, String reason) {
    subscriptionLine("subscription ended", subscription)
        .with("seconds", seconds(timeSource.unixNanos() - subscription.sinceUnixNanos()))
        .with("samples", subscription.samples())
        .with("lost", subscription.samplesLost())
        .with("bytes", subscription.bytes())
        .with("why", reason)
        .writeTo(log);
  }

  private static AuditLine subscriptionLine(String event, SubscriptionStatus subscription) {
    return new AuditLine(event)
        .with("id", subscription.id())
        .with("who", subscription.subscriber().identity())
        .with("from", subscription.subscriber().address())
        .with("device", subscription.deviceId());
  }

  /** To the millisecond; the clock may have been set back meanwhile. */
  private static double seconds(long nanos) {
    return Math.max(0, nanos / 1_000_000) / 1e3;
  }
}
