package dev.lavalier.hub;

import dev.lavalier.audio.Conversion;
import dev.lavalier.common.FailureLog;
import dev.lavalier.common.StreamException;
import dev.lavalier.common.TimeSource;
import dev.lavalier.pipeline.CapturePipeline;
import dev.lavalier.pipeline.StartFrom;
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
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The subscriptions of one device: pending ones, which wait for an epoch; active ones, which are
 * served; and those that wait for the lost device to return. Used only by the device's actor.
 */
final class DeviceSubscribers {

  private static final Logger log = LoggerFactory.getLogger(DeviceSubscribers.class);

  private static final Duration CLOCK_NOTICE_INTERVAL = Duration.ofSeconds(60);

  /** From this part of their share on, no further conversion is added. */
  private static final double FULL_SHARE = 0.9;

  private final String deviceId;
  private final DeviceServices services;
  private final TimeSource timeSource;
  private final SubscriptionQuotas quotas;
  private final FailureLog failures;

  private final Set<Subscription> pending = new LinkedHashSet<>(); // new; wait for an epoch
  private final Set<Subscription> awaitingDevice =
      new LinkedHashSet<>(); // wait for the lost device
  private final Map<Subscription, StreamPlan> active = new LinkedHashMap<>();

  DeviceSubscribers(String deviceId, DeviceServices services) {
    this.deviceId = deviceId;
    this.services = services;
    this.quotas = services.quotas();
    this.timeSource = services.timeSource();
    this.failures = new FailureLog(timeSource, log, deviceId + ": a subscription");
  }

  int size() {
    return pending.size() + awaitingDevice.size() + active.size();
  }

  /** Returns whether a new subscription waits for an epoch. */
  boolean hasPending() {
    return !pending.isEmpty();
  }

  /** Returns whether a subscription waits for the lost device. */
  boolean hasAwaitingDevice() {
    return !awaitingDevice.isEmpty();
  }

  boolean hasActive() {
    return !active.isEmpty();
  }

  /**
   * Checks the start position of a subscription before the device is opened for it, and closes the
   * subscription if the position is in the future. A request that must fail does not open a
   * microphone.
   *
   * @param lastEpoch the number of the device's last epoch; 0: there was none
   */
  boolean canStart(Subscription subscription, long lastEpoch) {
    SubscriptionSpec spec = subscription.spec();
    try {
      CapturePipeline.checkStartBeforeOpening(
          spec.start(), spec.format(), lastEpoch, epochClockMicros());
      return true;
    } catch (StreamException e) {
      subscription.close(e, Optional.empty());
      return false;
    }
  }

  /** Returns the unix time by the clock that numbers the epochs, in microseconds. */
  private long epochClockMicros() {
    return services
        .devices()
        .epochClockMicros(deviceId)
        .orElseGet(() -> services.epochs().micros(timeSource));
  }

  /** Adds a new subscription, which waits for an epoch. */
  void add(Subscription subscription) {
    pending.add(subscription);
  }

  /**
   * Removes a subscription that was cancelled.
   *
   * @return whether it was active
   */
  boolean remove(Subscription subscription) {
    pending.remove(subscription);
    awaitingDevice.remove(subscription);
    return active.remove(subscription) != null;
  }

  /** Removes and returns the new subscriptions. */
  List<Subscription> drainPending() {
    List<Subscription> drained = List.copyOf(pending);
    pending.clear();
    return drained;
  }

  /**
   * Removes and returns all waiting subscriptions. Those that wait for the lost device are first.
   */
  List<Subscription> drainWaiting() {
    List<Subscription> all = new ArrayList<>(awaitingDevice);
    all.addAll(pending);
    awaitingDevice.clear();
    pending.clear();
    return all;
  }

  /** Removes and returns all subscriptions. */
  List<Subscription> drainAll() {
    List<Subscription> all = drainWaiting();
    all.addAll(active.keySet());
    active.clear();
    return all;
  }

  /**
   * Ends the epoch of the active subscriptions after the device was lost.
   *
   * @return the removed subscriptions, which fail on device loss; the others wait for the device
   */
  List<Subscription> onDeviceLost() {
    List<Subscription> failing =
        active.keySet().stream().filter(s -> s.spec().onDeviceLoss() == OnDeviceLoss.FAIL).toList();
    active.keySet().removeAll(failing);
    active.keySet().forEach(Subscription::endEpoch);
    awaitingDevice.addAll(active.keySet());
    active.clear();
    return failing;
  }

  /** Updates a pipeline with the plans and delivery loops of the active subscriptions. */
  void updatePipeline(CapturePipeline pipeline) {
    Map<StreamPlan, Integer> queueFrames = new LinkedHashMap<>();
    active.forEach(
        (subscription, plan) ->
            queueFrames.merge(plan, subscription.spec().queueFrames(), Math::max));
    pipeline.update(queueFrames, activeLoops());
  }

  private Set<DeliveryLoop> activeLoops() {
    return active.keySet().stream()
        .map(Subscription::deliveryLoop)
        .collect(Collectors.toCollection(LinkedHashSet::new));
  }

  /** Wakes the delivery loops of the active subscriptions, as if frames were published. */
  void wakeLoops() {
    activeLoops().forEach(DeliveryLoop::onFramesPublished);
  }

  /**
   * Starts the waiting subscriptions. Closes those whose request cannot be fulfilled.
   *
   * @param publishState publishes the number of subscriptions before any of them is started
   */
  void activate(OpenDevice openDevice, Runnable publishState) {
    CapturePipeline pipeline = openDevice.pipeline;
    Set<Subscription> returning = Set.copyOf(awaitingDevice);
    List<Subscription> waiting = drainWaiting();
    waiting.forEach(subscription -> plan(subscription, openDevice));
    try {
      updatePipeline(pipeline);
    } catch (RuntimeException | Error e) { // possibly not enough memory for the new formats
      waiting.forEach(subscription -> failActive(subscription, e));
      updatePipeline(pipeline);
    }
    publishState.run();
    for (Subscription subscription : waiting) {
      StreamPlan plan = active.get(subscription);
      if (plan != null) {
        try {
          // What was kept of a new epoch is for new subscriptions only.
          boolean live = returning.contains(subscription) && !openDevice.continuesEpoch;
          StartFrom from = live ? StartFrom.LIVE : subscription.spec().start();
          start(subscription, plan, from, openDevice);
        } catch (RuntimeException | Error e) {
          failActive(subscription, e);
          updatePipeline(pipeline);
        }
      }
    }
  }

  private void start(
      Subscription subscription, StreamPlan plan, StartFrom from, OpenDevice openDevice) {
    SubscriptionSpec spec = subscription.spec();
    subscription.start(
        openDevice.pipeline.open(plan, from, spec.queueFrames(), spec.maxAgeNanos()));
    if (openDevice.silent) {
      subscription.sendNotice(silenceNotice());
    }
    openDevice.capture.clockPpm().ifPresent(ppm -> notifyClock(subscription, ppm));
  }

  private void failActive(Subscription subscription, Throwable failure) {
    if (active.remove(subscription) != null) {
      failures.report(deviceId + ": a subscription", failure);
      subscription.close(Subscription.serverFailed(failure), Optional.empty());
    }
  }

  /**
   * Adds a subscription to the active ones, or closes it. It is checked again, because the capture
   * format may have changed since the request was checked.
   */
  private void plan(Subscription subscription, OpenDevice openDevice) {
    SubscriptionSpec spec = subscription.spec();
    CapturePipeline pipeline = openDevice.pipeline;
    try {
      Conversion conversion = Conversion.plan(pipeline.format(), spec.format(), spec.channelMap());
      pipeline.checkStart(spec.start(), conversion, epochClockMicros());
      subscription.reservation().change(SubscriptionCost.of(spec, conversion));
      StreamPlan plan = new StreamPlan(conversion, spec.frameSize(), spec.codec());
      checkConversionShare(plan, openDevice);
      active.put(subscription, plan);
    } catch (StreamException e) {
      subscription.close(e, Optional.empty());
    } catch (RuntimeException | Error e) {
      failures.report(deviceId + ": a subscription", e);
      subscription.close(Subscription.serverFailed(e), Optional.empty());
    }
  }

  /**
   * Refuses another conversion or encoder if those in use take almost all of their share already.
   * The estimate of {@link SubscriptionCost} can be too low for a slow processor.
   */
  private void checkConversionShare(StreamPlan plan, OpenDevice openDevice) throws StreamException {
    Conversion conversion = plan.conversion();
    boolean converts =
        !conversion.isIdentity()
            && active.values().stream().noneMatch(each -> each.conversion().equals(conversion));
    boolean encodes = plan.encodingNanosPerSecond() > 0 && !active.containsValue(plan);
    boolean isNew = converts || encodes;
    double limit = quotas.resources().conversionShare();
    if (isNew && openDevice.usedShare() > FULL_SHARE * limit) {
      throw quotas.deviceConversionLimitReached(deviceId);
    }
  }

  /** Notifies the active subscriptions that the device delivers only zeros. */
  void notifySilence() {
    active.keySet().forEach(subscription -> subscription.sendNotice(silenceNotice()));
  }

  private Notice silenceNotice() {
    return new Notice(
        Notice.Kind.MUTED,
        "%s delivers only zeros: it is muted, or the server has no permission to use it"
            .formatted(deviceId));
  }

  /** Sends a notice to the subscriptions that wait for the lost device. */
  void notifyAwaiting(Notice notice) {
    awaitingDevice.forEach(subscription -> subscription.sendNotice(notice));
  }

  /**
   * Sends the drift of the device's clock to the active subscriptions that requested it, at
   * intervals.
   */
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
          "the clock of %s differs from the server's clock by %+.1f ppm".formatted(deviceId, ppm);
      subscription.sendNotice(new Notice(Notice.Kind.CLOCK, message, ppm));
    }
  }

  /**
   * Ends subscriptions. If {@code kind} is not null, a notice with the same message is sent first.
   */
  static void closeAll(
      Iterable<Subscription> subscriptions, StreamException reason, Notice.@Nullable Kind kind) {
    Optional<Notice> notice =
        Optional.ofNullable(kind).map(k -> new Notice(k, reason.getMessage()));
    for (Subscription subscription : subscriptions) {
      subscription.close(reason, notice);
    }
  }
}
