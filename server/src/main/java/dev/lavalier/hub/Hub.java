package dev.lavalier.hub;

import dev.lavalier.audio.Conversion;
import dev.lavalier.audio.PolyphaseFilters;
import dev.lavalier.capture.DeviceDescriptor;
import dev.lavalier.capture.DeviceResolver;
import dev.lavalier.capture.Devices;
import dev.lavalier.common.FailureLog;
import dev.lavalier.common.StreamException;
import dev.lavalier.common.StreamException.Reason;
import dev.lavalier.common.TimeSource;
import dev.lavalier.pipeline.CapturePipeline;
import dev.lavalier.pipeline.Frame;
import dev.lavalier.pipeline.StreamPlan;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Manages all devices of the machine and their subscriptions. Safe for use from any thread. Only
 * {@link #close} blocks.
 */
public final class Hub implements AutoCloseable {

  private static final Logger log = LoggerFactory.getLogger(Hub.class);

  /** The maximum time that a stop waits for the devices to close. */
  private static final Duration SHUTDOWN_TIMEOUT = Duration.ofSeconds(2);

  private final Devices sources;
  private final ExecutorService workers;
  private final DeviceServices deviceServices;
  private final Map<String, DeviceActor> actors = new ConcurrentHashMap<>();
  private final Set<DeviceWatch> watches = ConcurrentHashMap.newKeySet();
  private final Set<String> keptOpen;
  private final SubscriptionQuotas quotas;
  private final AtomicLong subscriptionIds = new AtomicLong();
  private final Set<Subscription> activeSubscriptions = ConcurrentHashMap.newKeySet();
  private final Subscription.SubscriptionServices subscriptionServices;
  private final FailureLog accessFailures;
  private volatile boolean stopping;
  private @Nullable CompletableFuture<Void> stopped; // null: not stopping

  /**
   * Creates a hub.
   *
   * @param devices the devices; the caller closes them
   * @param timeSource the clock for timestamps and timeouts
   * @param observer receives the events of the hub
   */
  public Hub(Devices devices, TimeSource timeSource, HubConfig config, HubObserver observer) {
    this(devices, timeSource, config, observer, newWorkers());
  }

  /**
   * Creates a hub with workers of its caller's.
   *
   * @param workers runs device actors and calls into the sound system, each of which may block for
   *     ever, so it must not bound its threads; shut down with the hub
   * @see #Hub(Devices, TimeSource, HubConfig, HubObserver)
   */
  public Hub(
      Devices devices,
      TimeSource timeSource,
      HubConfig config,
      HubObserver observer,
      ExecutorService workers) {
    HubObserver observers = HubObserver.all(List.of(observer)); // never throws
    this.sources = devices;
    this.quotas = new SubscriptionQuotas(config.limits(), config.resources());
    this.keptOpen = config.keptOpen();
    this.subscriptionServices =
        new Subscription.SubscriptionServices(
            timeSource, config.stallTimeout(), observers, this::onSubscriptionClosed);
    this.workers = workers;
    this.accessFailures = new FailureLog(timeSource, log, "an access check");
    this.deviceServices =
        new DeviceServices(
            devices,
            timeSource,
            new PolyphaseFilters(),
            config.history(),
            quotas,
            workers,
            observers,
            config.epochs(),
            this::notifyWatches);
    devices.onChange(
        () -> {
          actors.values().forEach(DeviceActor::onDevicesChanged);
          notifyWatches();
        });
    devices.onRemoteState(this::notifyWatches);
    devices.keepListed(this::isOpen);
    devices.countSubscribers(
        id -> {
          DeviceActor actor = actors.get(id);
          return actor == null ? 0 : actor.published().subscriberCount();
        });
  }

  /** Returns whether a device is open, or is being opened or closed, and was not lost. */
  private boolean isOpen(String id) {
    DeviceActor actor = actors.get(id);
    return actor != null
        && switch (actor.published().state()) {
          case OPENING, OPEN, CLOSING -> true;
          case CLOSED, LOST, NOT_RESPONDING -> false;
        };
  }

  /**
   * Creates a pool that has as many threads as calls into the sound system are in progress, so that
   * a hanging call does not delay other devices.
   */
  private static ExecutorService newWorkers() {
    AtomicInteger count = new AtomicInteger();
    return Executors.newCachedThreadPool(
        task -> {
          Thread thread = new Thread(task, "lavalier-device-" + count.incrementAndGet());
          thread.setDaemon(true);
          return thread;
        });
  }

  /** Opens the always-on devices. Call it once, after the sources have started. */
  public void start() {
    keptOpen.forEach(id -> actor(id).keepOpen());
  }

  private DeviceActor actor(String id) {
    DeviceActor actor = actors.computeIfAbsent(id, i -> new DeviceActor(i, deviceServices));
    if (stopping) { // possibly created after the stop had stopped all others
      var unused = actor.stop();
    }
    return actor;
  }

  private void notifyWatches() {
    watches.forEach(DeviceWatch::requestUpdate);
  }

  /**
   * Returns all devices with their states: the available devices, and those that are not available
   * but still open or needed.
   */
  public List<DeviceStatus> devices() {
    List<DeviceStatus> devices = new ArrayList<>();
    Set<String> present = new HashSet<>();
    for (DeviceDescriptor device : sources.list()) {
      present.add(device.id());
      devices.add(statusOf(device));
    }
    actors.forEach(
        (id, actor) -> {
          DeviceDescriptor lastKnown = actor.lastOpened();
          if (!present.contains(id)
              && lastKnown != null
              && actor.published().state() != DeviceState.CLOSED) {
            devices.add(
                new DeviceStatus(
                    lastKnown.asNotDefault(),
                    actor.published().state(),
                    actor.published().subscriberCount()));
          }
        });
    return devices;
  }

  /**
   * Watches the devices until the watch is cancelled or the hub is closed.
   *
   * @param visible returns whether the watcher may see a device id
   */
  public DeviceWatch watch(
      Subscriber watcher,
      Predicate<String> visible,
      DeliveryLoop deliveryLoop,
      DeviceWatch.Sink sink) {
    DeviceWatch watch =
        new DeviceWatch(
            watcher,
            () -> devices().stream().filter(d -> visible.test(d.device().id())).toList(),
            deliveryLoop,
            sink,
            watches::remove);
    watches.add(watch);
    if (stopping) { // closed in the meantime, possibly after it had ended all other watches
      watch.close(stoppingReason());
    }
    watch.requestUpdate();
    return watch;
  }

  static StreamException stoppingReason() {
    return new StreamException(Reason.SERVER_STOPPING, "the server is stopping; try again later");
  }

  private DeviceStatus statusOf(DeviceDescriptor device) {
    DeviceActor actor = actors.get(device.id());
    if (actor != null && actor.published().state() != DeviceState.CLOSED) {
      PublishedState published = actor.published();
      return new DeviceStatus(device, published.state(), published.subscriberCount());
    }
    return sources
        .remoteState(device.id())
        .map(
            remote ->
                new DeviceStatus(
                    device, DeviceState.valueOf(remote.state().name()), remote.subscribers()))
        .orElse(
            new DeviceStatus(
                device,
                DeviceState.CLOSED,
                actor == null ? 0 : actor.published().subscriberCount()));
  }

  /**
   * Finds the device that a request names.
   *
   * @param id a {@code device_id}; empty: the default device
   * @param visible returns whether the caller may list a device id
   * @throws StreamException DEVICE_NOT_FOUND, also for a device that the caller may not list
   */
  public DeviceDescriptor resolve(String id, Predicate<String> visible) throws StreamException {
    return DeviceResolver.resolve(sources.list(), id, visible);
  }

  /**
   * Creates a subscription, and opens the device if it is closed. The sink receives the result.
   *
   * @param subscriber the caller that subscribes
   * @param spec the parameters, resolved for a device of this hub
   * @param deliveryLoop runs the calls of the sink
   * @throws StreamException SERVER_STOPPING, LIMIT_REACHED, or INVALID_REQUEST if there are too
   *     many channels
   */
  public Subscription subscribe(
      Subscriber subscriber, SubscriptionSpec spec, DeliveryLoop deliveryLoop, FrameSink sink)
      throws StreamException {
    if (stopping) {
      throw stoppingReason();
    }
    checkChannels(spec.conversion());
    DeviceActor actor = actor(spec.deviceId());
    SubscriptionQuotas.Reservation reservation =
        quotas.acquire(subscriber, spec.deviceId(), SubscriptionCost.of(spec, spec.conversion()));
    Subscription subscription =
        new Subscription(
            subscriptionIds.incrementAndGet(),
            subscriber,
            spec,
            deliveryLoop,
            sink,
            actor,
            reservation,
            subscriptionServices);
    activeSubscriptions.add(subscription);
    deviceServices.observer().onSubscribed(subscription.status());
    actor.subscribe(subscription);
    return subscription;
  }

  /** A channel map can name a captured channel many times, which multiplies memory and work. */
  private void checkChannels(Conversion conversion) throws StreamException {
    long captured = conversion.captured().channelCount();
    long limit = captured * quotas.resources().channelFactor();
    int delivered = conversion.delivered().channelCount();
    if (delivered > limit) {
      throw new StreamException(
          Reason.INVALID_REQUEST,
          "format.channel_count: %d (expected: no more than %d for %d captured channels; max-channel-factor)"
              .formatted(delivered, limit, captured));
    }
  }

  /**
   * Returns frames of the history of an open device, the oldest first. Never blocks.
   *
   * @param epoch the number of the epoch
   * @param plan how to cut the audio: no conversion, and a codec that runs on the caller's thread
   * @param fromIndex the first sample that is needed, a multiple of the frame size
   * @param maxBytes the maximum size of their messages; at least one frame is returned
   * @return no frames if the device is not open, has another epoch, or has no later samples
   */
  public List<Frame> kept(
      String deviceId, long epoch, StreamPlan plan, long fromIndex, int maxBytes) {
    DeviceActor actor = actors.get(deviceId);
    CapturePipeline open = actor == null ? null : actor.published().pipeline();
    return open == null || open.epoch() != epoch ? List.of() : open.kept(plan, fromIndex, maxBytes);
  }

  /** Returns the resources that are reserved now. */
  public ResourceUse resourceUse() {
    return quotas.use();
  }

  private void onSubscriptionClosed(Subscription subscription, String reason) {
    subscription.reservation().release();
    activeSubscriptions.remove(subscription);
    deviceServices.observer().onSubscriptionEnded(subscription.status(), reason);
  }

  /** Returns all active subscriptions, the oldest first. */
  public List<SubscriptionStatus> subscriptions() {
    return activeSubscriptions.stream()
        .map(Subscription::status)
        .sorted(Comparator.comparingLong(SubscriptionStatus::id))
        .toList();
  }

  /**
   * Ends the subscriptions and watches that do not have access any more, and reports the reason to
   * their sinks. It may miss a subscription or watch that is just being created; the next call
   * finds it.
   */
  public void revokeUnauthorized() {
    activeSubscriptions.forEach(
        s ->
            reportFailure(
                () ->
                    s.subscriber()
                        .accessCheck()
                        .denialReason(s.spec().deviceId())
                        .ifPresent(s::fail)));
    watches.forEach(
        w -> reportFailure(() -> w.watcher().accessCheck().denialReason().ifPresent(w::close)));
  }

  /** Checks access. If the check throws, that is logged, and the next check decides. */
  private void reportFailure(Runnable accessCheck) {
    try {
      accessCheck.run();
    } catch (RuntimeException | Error e) {
      accessFailures.report("an access check", e);
    }
  }

  /**
   * Revokes access as {@link #revokeUnauthorized} does, and updates the watches with the devices
   * that are now visible.
   */
  public void grantsChanged() {
    revokeUnauthorized();
    notifyWatches();
  }

  /**
   * Starts to end all subscriptions and watches with SERVER_STOPPING and to close all devices.
   * Returns at once. Further calls return the same future.
   *
   * @return completes when every device is closed, or when the time for its closing has passed
   */
  synchronized CompletableFuture<Void> stop() {
    if (stopped == null) {
      stopping = true;
      watches.forEach(watch -> watch.close(stoppingReason()));
      stopped =
          CompletableFuture.allOf(
              actors.values().stream().map(DeviceActor::stop).toArray(CompletableFuture<?>[]::new));
    }
    return stopped;
  }

  /**
   * Ends all subscriptions with SERVER_STOPPING and closes all devices, within a few seconds.
   * Further calls have no effect.
   */
  @Override
  public void close() {
    try {
      stop().get(SHUTDOWN_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      log.warn("not all devices closed within {}", SHUTDOWN_TIMEOUT);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (ExecutionException e) {
      throw new IllegalStateException(e); // a stop cannot fail
    }
    workers.shutdown();
  }
}
