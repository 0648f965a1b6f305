package dev.lavalier.observe;

import dev.lavalier.audio.PcmFormat;
import dev.lavalier.hub.HubObserver;
import dev.lavalier.hub.SubscriptionStatus;
import dev.lavalier.pipeline.Gap;
import java.time.Duration;
import java.util.Locale;
import jdk.jfr.Category;
import jdk.jfr.DataAmount;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import jdk.jfr.Timespan;

/**
 * Records events of devices and subscriptions with JDK Flight Recorder. A recording shows them next
 * to the events of the JVM, for example a gap next to the garbage collection pause that caused it.
 * If no recording runs, an event costs only a check. docs/operator/monitoring.md lists the events.
 * The methods can be called from any thread.
 */
public final class JfrEvents implements HubObserver {

  @Override
  public void onOpened(String deviceId, PcmFormat format, long epoch) {
    DeviceOpened event = new DeviceOpened();
    if (event.shouldCommit()) {
      event.device = deviceId;
      event.format = format.toString();
      event.epoch = epoch;
      event.commit();
    }
  }

  @Override
  public void onClosed(
      String deviceId,
      long epoch,
      Duration open,
      long samples,
      String reason,
      boolean acknowledged) {
    DeviceClosed event = new DeviceClosed();
    if (event.shouldCommit()) {
      event.device = deviceId;
      event.epoch = epoch;
      event.open = open.toNanos();
      event.samples = samples;
      event.reason = reason;
      event.acknowledged = acknowledged;
      event.commit();
    }
  }

  @Override
  public void onLost(String deviceId, String reason) {
    DeviceLost event = new DeviceLost();
    if (event.shouldCommit()) {
      event.device = deviceId;
      event.reason = reason;
      event.commit();
    }
  }

  @Override
  public void onRecovered(String deviceId, Duration outage) {
    DeviceRecovered event = new DeviceRecovered();
    if (event.shouldCommit()) {
      event.device = deviceId;
      event.outage = outage.toNanos();
      event.commit();
    }
  }

  @Override
  public void onOverrun(String deviceId, long samples, PcmFormat format) {
    DeviceOverrun event = new DeviceOverrun();
    if (event.shouldCommit()) {
      event.device = deviceId;
      event.samples = samples;
      event.length = format.nanosOf(samples);
      event.commit();
    }
  }

  @Override
  public void onGap(SubscriptionStatus subscription, Gap gap) {
    StreamGap event = new StreamGap();
    if (event.shouldCommit()) {
      event.device = subscription.deviceId();
      event.subscription = subscription.id();
      event.samples = gap.sampleCount();
      event.length = subscription.format().nanosOf(gap.sampleCount());
      event.cause = gap.cause().name().toLowerCase(Locale.ROOT);
      event.estimated = gap.estimated();
      event.commit();
    }
  }

  @Override
  public void onSubscriptionEnded(SubscriptionStatus subscription, String reason) {
    StreamEnded event = new StreamEnded();
    if (event.shouldCommit()) {
      event.device = subscription.deviceId();
      event.subscription = subscription.id();
      event.samples = subscription.samples();
      event.samplesLost = subscription.samplesLost();
      event.bytes = subscription.bytes();
      event.reason = reason;
      event.commit();
    }
  }

  /** The common part of all events. Only the audit log names callers. */
  @Category("Lavalier")
  @StackTrace(false)
  abstract static class LavalierEvent extends Event {
    @Label("Device")
    String device;
  }

  @Name("dev.lavalier.DeviceOpened")
  @Label("Device Opened")
  @Description("A device was opened")
  static final class DeviceOpened extends LavalierEvent {
    @Label("Format")
    String format;

    @Label("Epoch")
    long epoch;
  }

  @Name("dev.lavalier.DeviceClosed")
  @Label("Device Closed")
  @Description("A device was closed")
  static final class DeviceClosed extends LavalierEvent {
    @Label("Epoch")
    long epoch;

    @Label("Open For")
    @Timespan(Timespan.NANOSECONDS)
    long open;

    @Label("Samples")
    @Description("Captured samples per channel, including those that the device lost")
    long samples;

    @Label("Reason")
    String reason;

    @Label("Acknowledged")
    @Description("Whether the sound system completed the close call")
    boolean acknowledged;
  }

  @Name("dev.lavalier.DeviceLost")
  @Label("Device Lost")
  @Description("An open device failed, or delivered no audio for 3 s")
  static final class DeviceLost extends LavalierEvent {
    @Label("Reason")
    String reason;
  }

  @Name("dev.lavalier.DeviceRecovered")
  @Label("Device Recovered")
  @Description("A lost device delivered audio again")
  static final class DeviceRecovered extends LavalierEvent {
    @Label("Outage")
    @Timespan(Timespan.NANOSECONDS)
    long outage;
  }

  @Name("dev.lavalier.DeviceOverrun")
  @Label("Device Overrun")
  @Description("An open device lost samples, because the device or the server was delayed")
  static final class DeviceOverrun extends LavalierEvent {
    @Label("Samples")
    @Description("Lost samples per channel, estimated")
    long samples;

    @Label("Length")
    @Timespan(Timespan.NANOSECONDS)
    long length;
  }

  @Name("dev.lavalier.Gap")
  @Label("Gap")
  @Description("A gap was reported to a subscription")
  static final class StreamGap extends LavalierEvent {
    @Label("Subscription")
    @Description("Subscription id, as in the audit log")
    long subscription;

    @Label("Samples")
    @Description("Missing samples per channel")
    long samples;

    @Label("Length")
    @Timespan(Timespan.NANOSECONDS)
    long length;

    @Label("Cause")
    String cause;

    @Label("Estimated")
    boolean estimated;
  }

  @Name("dev.lavalier.SubscriptionEnded")
  @Label("Subscription Ended")
  static final class StreamEnded extends LavalierEvent {
    @Label("Subscription")
    @Description("Subscription id, as in the audit log")
    long subscription;

    @Label("Samples")
    long samples;

    @Label("Samples Lost")
    long samplesLost;

    @Label("Bytes")
    @DataAmount
    long bytes;

    @Label("Reason")
    String reason;
  }
}
