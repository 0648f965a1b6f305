package dev.lavalier.hub;

import dev.lavalier.audio.Conversion;
import dev.lavalier.common.StreamException;
import dev.lavalier.common.StreamException.Reason;
import dev.lavalier.common.TimeSource;
import dev.lavalier.pipeline.CapturePipeline;
import dev.lavalier.pipeline.StreamPlan;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Whoever subscribes to one device: those who wait for an epoch, those who are served in one, and
 * those who wait for the lost device's return. Used by the device's actor alone.
 */
final class DeviceSubscribers {

  private static final Duration CLOCK_NOTICE_INTERVAL = Duration.ofSeconds(60);

  /** So that no number of subscribers, each with a wish of its own, takes the reader's time. */
  private static final int MAX_CONVERSIONS = 32;

  private final String deviceId;
  private final TimeSource timeSource;

  private final Set<Subscription> pending = new LinkedHashSet<>(); // new, for an epoch
  private final Set<Subscription> awaitingDevice =
      new LinkedHashSet<>(); // for the lost device's return
  private final Map<Subscription, StreamPlan> active = new LinkedHashMap<>();

  DeviceSubscribers(String deviceId, TimeSource timeSource) {
    this.deviceId = deviceId;
    this.timeSource = timeSource;
  }

  int size() {
    return pending.size() + awaitingDevice.size() + active.size();
  }

  /** Returns whether somebody new waits for an epoch. */
  boolean hasPending() {
    return !pending.isEmpty();
  }

  /** Returns whether somebody waits for the lost device. */
  boolean hasAwaitingDevice() {
    return !awaitingDevice.isEmpty();
  }

  boolean hasActive() {
    return !active.isEmpty();
  }

  /** Adds somebody who waits for an epoch. */
  void add(Subscription subscription) {
    pending.add(subscription);
  }

  /**
   * Forgets somebody who left.
   *
   * @return whether it was served
   */
  boolean remove(Subscription subscription) {
    pending.remove(subscription);
    awaitingDevice.remove(subscription);
    return active.remove(subscription) != null;
  }

  /** Forgets and returns those who are new. */
  List<Subscription> drainPending() {
    List<Subscription> drained = List.copyOf(pending);
    pending.clear();
    return drained;
  }

  /** Forgets and returns all who wait, those who were there before first. */
  List<Subscription> drainWaiting() {
    List<Subscription> all = new ArrayList<>(awaitingDevice);
    all.addAll(pending);
    awaitingDevice.clear();
    pending.clear();
    return all;
  }

  /** Forgets and returns everybody. */
  List<Subscription> drainAll() {
    List<Subscription> all = drainWaiting();
    all.addAll(active.keySet());
    active.clear();
    return all;
  }

  /**
   * Takes the lost device from those who are served.
   *
   * @return those who want to end with it; the others are bereft
   */
  List<Subscription> onDeviceLost() {
    List<Subscription> failing =
        active.keySet().stream().filter(s -> s.spec().onDeviceLoss() == OnDeviceLoss.FAIL).toList();
    active.keySet().removeAll(failing);
    awaitingDevice.addAll(active.keySet());
    active.clear();
    return failing;
  }

  /** Brings an epoch into line with who is served. */
  void updatePipeline(CapturePipeline pipeline) {
    Set<DeliveryLoop> loops =
        active.keySet().stream()
            .map(Subscription::deliveryLoop)
            .collect(Collectors.toCollection(LinkedHashSet::new));
    pipeline.update(new LinkedHashSet<>(active.values()), loops);
  }

  /**
   * Starts the subscriptions that wait, except those whose request cannot be met.
   *
   * @param publishState publishes the count before any of them hears of it
   */
  void activate(OpenDevice openDevice, Runnable publishState) {
    CapturePipeline pipeline = openDevice.pipeline;
    List<Subscription> waiting = drainWaiting();
    waiting.forEach(subscription -> plan(subscription, pipeline));
    updatePipeline(pipeline);
    publishState.run();
    for (Subscription subscription : waiting) {
      StreamPlan plan = active.get(subscription);
      if (plan != null) {
        SubscriptionSpec spec = subscription.spec();
        subscription.start(
            pipeline.open(plan, spec.start(), spec.queueFrames(), spec.maxAgeNanos()));
        if (openDevice.silent) {
          subscription.sendNotice(silenceNotice());
        }
        openDevice.capture.clockPpm().ifPresent(ppm -> notifyClock(subscription, ppm));
      }
    }
  }

  /** The capture format may be another than when the request was checked. */
  private void plan(Subscription subscription, CapturePipeline pipeline) {
    SubscriptionSpec spec = subscription.spec();
    try {
      Conversion conversion = Conversion.plan(pipeline.format(), spec.format(), spec.channelMap());
      pipeline.checkStart(spec.start(), conversion, timeSource.unixNanos() / 1_000);
      checkConversionLimit(conversion);
      active.put(subscription, new StreamPlan(conversion, spec.frameSize(), spec.codec()));
    } catch (StreamException e) {
      subscription.close(e, Optional.empty());
    }
  }

  private void checkConversionLimit(Conversion conversion) throws StreamException {
    Set<Conversion> inUse =
        active.values().stream().map(StreamPlan::conversion).collect(Collectors.toSet());
    if (!inUse.contains(conversion) && inUse.size() >= MAX_CONVERSIONS) {
      throw new StreamException(
          Reason.LIMIT_REACHED,
          "format: %s (expected: one that %s is delivered in already; %d are the server's limit)"
              .formatted(conversion.delivered(), deviceId, MAX_CONVERSIONS));
    }
  }

  /** Tells those who are served that they hear nothing but zeros. */
  void notifySilence() {
    active.keySet().forEach(subscription -> subscription.sendNotice(silenceNotice()));
  }

  private Notice silenceNotice() {
    return new Notice(
        Notice.Kind.MUTED,
        "%s gives nothing but zeros: it is muted, or this server may not hear it"
            .formatted(deviceId));
  }

  /** Tells those who wait for the lost device why they do. */
  void notifyAwaiting(Notice notice) {
    awaitingDevice.forEach(subscription -> subscription.sendNotice(notice));
  }

  /** Tells all who want to know how fast the device's clock runs, now and then. */
  void notifyClock(OpenDevice openDevice, OptionalDouble ppm) {
    long now = timeSource.nanoTime();
    if (ppm.isPresent() && now >= openDevice.nextClockNoticeAt) {
      openDevice.nextClockNoticeAt = now + CLOCK_NOTICE_INTERVAL.toNanos();
      active.keySet().forEach(subscription -> notifyClock(subscription, ppm.getAsDouble()));
    }
  }

  private void notifyClock(Subscription subscription, double ppm) {
    if (subscription.spec().clockNotices()) {
      String message =
          "the clock of %s runs %+.1f ppm against this server's".formatted(deviceId, ppm);
      subscription.sendNotice(new Notice(Notice.Kind.CLOCK, message, ppm));
    }
  }

  /** Ends subscriptions, with a notice of the same words before it where {@code kind} is given. */
  static void closeAll(
      Iterable<Subscription> subscriptions, StreamException reason, Notice.@Nullable Kind kind) {
    Optional<Notice> notice =
        Optional.ofNullable(kind).map(k -> new Notice(k, reason.getMessage()));
    for (Subscription subscription : subscriptions) {
      subscription.close(reason, notice);
    }
  }
}
