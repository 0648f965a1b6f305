package dev.lavalier.observe;

import dev.lavalier.audio.PcmFormat;
import dev.lavalier.common.TimeSource;
import dev.lavalier.hub.HubObserver;
import dev.lavalier.hub.Subscriber;
import dev.lavalier.hub.SubscriptionStatus;
import dev.lavalier.pipeline.FrameCodec;
import dev.lavalier.pipeline.LevelCodec;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Logs a line when a device is opened or closed, and when a subscription starts, ends or is
 * refused: which caller received which audio, when, and why it ended. docs/operator/audit-log.md
 * lists the lines.
 *
 * <p>The lines go to the logger {@value #LOGGER} at level INFO. Each line has a complete message,
 * and key-value pairs with the same names for structured logs. The methods can be called from any
 * thread.
 */
public final class AuditLog implements HubObserver {

  /** The name of the logger. */
  public static final String LOGGER = "lavalier.audit";

  private static final Logger log = LoggerFactory.getLogger(LOGGER);

  /** The maximum number of refusals of one caller that get a line of their own in a window. */
  private static final int MAX_REFUSALS = 10;

  private static final Duration REFUSAL_WINDOW = Duration.ofMinutes(1);

  private final TimeSource timeSource;

  /** The number of refusals of each identity since its window began. */
  private final Map<String, Integer> refusals = new ConcurrentHashMap<>();

  /**
   * Creates an audit log.
   *
   * @param timeSource the clock for the durations of subscriptions, and for the windows of refusals
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
    AuditLine line =
        subscriptionLine("subscription began", subscription)
            .with("format", subscription.format())
            .with("frame_size", subscription.frameSize());
    if (subscription.codec() instanceof LevelCodec) {
      line.with("content", "levels");
    }
    if (subscription.codec() instanceof FrameCodec codec && !codec.name().equals("pcm")) {
      line.with("codec", codec.name());
      if (codec.bitrate() > 0) {
        line.with("bitrate", codec.bitrate());
      }
    }
    line.writeTo(log);
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

  /**
   * Logs a subscription that was refused. Of one caller, at most {@value #MAX_REFUSALS} lines are
   * logged in a minute, and then the number of the others, so that no caller can fill the log.
   *
   * @param deviceId the device that the request names; empty: the default
   * @param reason why it was refused
   */
  public void onSubscriptionRefused(Subscriber subscriber, String deviceId, String reason) {
    String identity = subscriber.identity();
    int count = refusals.merge(identity, 1, Integer::sum);
    if (count == 1) {
      timeSource.schedule(REFUSAL_WINDOW, () -> endRefusalWindow(identity));
    }
    if (count <= MAX_REFUSALS) {
      from(subscriber, new AuditLine("subscription refused").with("who", identity))
          .with("device", deviceId)
          .with("why", reason)
          .writeTo(log);
    }
  }

  private void endRefusalWindow(String identity) {
    Integer count = refusals.remove(identity);
    if (count != null && count > MAX_REFUSALS) {
      new AuditLine("subscriptions refused")
          .with("who", identity)
          .with("count", count - MAX_REFUSALS)
          .with("seconds", REFUSAL_WINDOW.toSeconds())
          .writeTo(log);
    }
  }

  private static AuditLine subscriptionLine(String event, SubscriptionStatus subscription) {
    Subscriber subscriber = subscription.subscriber();
    AuditLine line =
        new AuditLine(event).with("id", subscription.id()).with("who", subscriber.identity());
    return from(subscriber, line).with("device", subscription.deviceId());
  }

  /** Adds the address, and the transport if it is not gRPC. */
  private static AuditLine from(Subscriber subscriber, AuditLine line) {
    line.with("from", subscriber.address());
    return subscriber.via().isEmpty() ? line : line.with("via", subscriber.via());
  }

  /**
   * Returns seconds, truncated to milliseconds; 0 if the clock was set back and the time is
   * negative.
   */
  private static double seconds(long nanos) {
    return Math.max(0, nanos / 1_000_000) / 1e3;
  }
}
