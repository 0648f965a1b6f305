package dev.lavalier.observe;

import dev.lavalier.audio.PcmFormat;
import dev.lavalier.common.TimeSource;
import dev.lavalier.hub.HubObserver;
import dev.lavalier.hub.SubscriptionStatus;
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Logs a line when a device is opened or closed, and when a subscription starts or ends: which
 * caller received which audio, when, and why it ended. docs/operator/audit-log.md lists the lines.
 *
 * <p>The lines go to the logger {@value #LOGGER} at level INFO. Each line has a complete message,
 * and key-value pairs with the same names for structured logs. The methods can be called from any
 * thread.
 */
public final class AuditLog implements HubObserver {

  /** The name of the logger. */
  public static final String LOGGER = "lavalier.audit";

  private static final Logger log = LoggerFactory.getLogger(LOGGER);

  private final TimeSource timeSource;

  /**
   * Creates an audit log.
   *
   * @param timeSource the clock for the durations of subscriptions
   */
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

  /**
   * Returns seconds, truncated to milliseconds; 0 if the clock was set back and the time is
   * negative.
   */
  private static double seconds(long nanos) {
    return Math.max(0, nanos / 1_000_000) / 1e3;
  }
}
