package dev.lavalier.hub;

import dev.lavalier.audio.StreamException;
import dev.lavalier.audio.StreamException.Reason;
import dev.lavalier.audio.PolyphaseFilters;
import dev.lavalier.audio.TimeSource;
import dev.lavalier.capture.DeviceDescriptor;
import dev.lavalier.capture.JavaSoundDevices;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Predicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Every device of the machine and whoever subscribes to it. Safe for use from any thread; no method
 * but {@link #close} blocks.
 */
public final class Hub implements AutoCloseable {

  private static final Logger log = LoggerFactory.getLogger(Hub.class);

  /** How long a stop waits for the devices to be closed. */
  private static final Duration STOP_BOUND = Duration.ofSeconds(2);

  /**
   * A line's buffer: long enough that a reader held up by the machine loses nothing. It costs no
   * latency, since the reader takes each period as it comes.
   */
  private static final Duration LINE_BUFFER = Duration.ofMillis(200);

  private final JavaSoundDevices registry;
  private final ExecutorService workers;
  private final DeviceActor.Context context;
  private final Map<String, DeviceActor> actors = new ConcurrentHashMap<>();
  private final Set<DeviceWatch> watches = ConcurrentHashMap.newKeySet();
  private final Set<String> keptOpen;
  private final SubscriberCounts counts;
  private final AtomicLong subscriptionIds = new AtomicLong();
  private final Set<Subscription> running = ConcurrentHashMap.newKeySet();
  private final Subscription.Context subscriptions;
  private volatile boolean stopping;

  /**
   * Makes a hub.
   *
   * @param registry which devices there are; stays the caller's to close
   * @param ticker the time by which readers wait and stamp
   * @param encoder how a frame is written
   * @param observer told what happens
   */
  public Hub(
      JavaSoundDevices registry,
      TimeSource ticker,
      FrameEncoder encoder,
      HubConfig config,
      HubObserver observer) {
    this.registry = registry;
    this.counts = new SubscriberCounts(config.limits());
    this.keptOpen = config.keptOpen();
    this.subscriptions =
        new Subscription.Context(ticker, config.stallLimit(), observer, this::onOver);
    AtomicInteger count = new AtomicInteger();
    // As many threads as sound system calls are under way, and none when there is nothing to do: a
    // call that hangs then holds up no other device.
    this.workers =
        Executors.newCachedThreadPool(
            task -> {
              Thread thread = new Thread(task, "lavalier-device-" + count.incrementAndGet());
              thread.setDaemon(true);
              return thread;
            });
    this.context =
        new DeviceActor.Context(
            registry,
            ticker,
            encoder,
            new PolyphaseFilters(),
            config.period(),
            LINE_BUFFER,
            config.history(),
            workers,
            observer,
            this::wakeWatches);
    registry.onChange(
        () -> {
          actors.values().forEach(DeviceActor::devicesChanged);
          wakeWatches();
        });
  }

  /** Opens the devices that are kept open. Call it once, when the registry has started. */
  public void start() {
    keptOpen.forEach(id -> actor(id).keepOpen());
  }

  private DeviceActor actor(String id) {
    return actors.computeIfAbsent(id, i -> new DeviceActor(i, context));
  }

  private void wakeWatches() {
    watches.forEach(DeviceWatch::wake);
  }

  /**
   * Returns every device with its state: those that are there, and those that somebody waits for.
   */
  public List<DeviceStatus> devices() {
    List<DeviceStatus> devices = new ArrayList<>();
    Set<String> present = new HashSet<>();
    for (DeviceDescriptor device : registry.devices()) {
      present.add(device.id());
      devices.add(statusOf(device));
    }
    actors.forEach(
        (id, actor) -> {
          DeviceDescriptor known = actor.lastOpened();
          if (!present.contains(id) && known != null && actor.state() != DeviceState.CLOSED) {
            devices.add(new DeviceStatus(known.asUnavailable(), actor.state(), actor.subscriberCount()));
          }
        });
    return devices;
  }

  /**
   * Watches devices, until the watch is left or the hub closed.
   *
   * @param visible which devices the watcher sees, by their ids
   */
  public DeviceWatch watch(
      Subscriber watcher, Predicate<String> visible, Lane lane, DeviceWatch.Sink sink) {
    DeviceWatch watch =
        new DeviceWatch(
            watcher,
            () -> devices().stream().filter(d -> visible.test(d.device().id())).toList(),
            lane,
            sink,
            watches::remove);
    watches.add(watch);
    if (stopping) { // closed meanwhile, perhaps after it had told all others
      watch.end(stoppingReason());
    }
    watch.wake();
    return watch;
  }

  static StreamException stoppingReason() {
    return new StreamException(Reason.SERVER_STOPPING, "the server is stopping; try again later");
  }

  private DeviceStatus statusOf(DeviceDescriptor device) {
    DeviceActor actor = actors.get(device.id());
    return actor == null
        ? new DeviceStatus(device, DeviceState.CLOSED, 0)
        : new DeviceStatus(device, actor.state(), actor.subscriberCount());
  }

  /**
   * Finds the device that a request means.
   *
   * @param id a {@code device_id}; empty: the default
   * @param visible which devices whoever asks may know of, by their ids
   * @throws StreamException DEVICE_NOT_FOUND, also for one that it may not know of
   */
  public DeviceDescriptor resolve(String id, Predicate<String> visible) throws StreamException {
    return registry.resolve(id, visible);
  }

  /**
   * Subscribes. What becomes of it, the sink is told; a device that is closed is opened.
   *
   * @param subscriber who wants it
   * @param spec what is wanted, resolved against a device of this hub
   * @param lane where the sink is called
   * @throws StreamException SERVER_STOPPING, LIMIT_REACHED
   */
  public Subscription subscribe(
      Subscriber subscriber, SubscriptionSpec spec, Lane lane, FrameSink sink)
      throws StreamException {
    if (stopping) {
      throw stoppingReason();
    }
    counts.enter(subscriber, spec.deviceId());
    DeviceActor actor = actor(spec.deviceId());
    Subscription subscription =
        new Subscription(
            subscriptionIds.incrementAndGet(), subscriber, spec, lane, sink, actor, subscriptions);
    running.add(subscription);
    context.observer().onSubscribed(subscription.status());
    actor.subscribe(subscription);
    return subscription;
  }

  private void onOver(Subscription subscription, String why) {
    counts.leave(subscription.subscriber(), subscription.spec().deviceId());
    running.remove(subscription);
    context.observer().onEnded(subscription.status(), why);
  }

  /** Returns every subscription that runs now, the oldest first. */
  public List<SubscriptionStatus> subscriptions() {
    return running.stream()
        .map(Subscription::status)
        .sorted(Comparator.comparingLong(SubscriptionStatus::id))
        .toList();
  }

  /**
   * Ends the subscriptions and watches of those who may not go on, and tells them why. Whoever was
   * let in a moment ago is found the next time.
   */
  public void expel() {
    running.forEach(
        s -> s.subscriber().standing().objection(s.spec().deviceId()).ifPresent(s::fail));
    watches.forEach(w -> w.watcher().standing().objection().ifPresent(w::end));
  }

  /** Expels, and has those who watch told what they may see now. */
  public void grantsChanged() {
    expel();
    wakeWatches();
  }

  /**
   * Ends every subscription with SERVER_STOPPING and closes every device, within a few seconds.
   * Does nothing the second time.
   */
  @Override
  public synchronized void close() {
    if (stopping) {
      return;
    }
    stopping = true;
    watches.forEach(watch -> watch.end(stoppingReason()));
    CompletableFuture<?>[] stops =
        actors.values().stream().map(DeviceActor::stop).toArray(CompletableFuture<?>[]::new);
    try {
      CompletableFuture.allOf(stops).get(STOP_BOUND.toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      log.warn("not every device could be closed within {}", STOP_BOUND);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (java.util.concurrent.ExecutionException e) {
      throw new IllegalStateException(e); // a stop has no way to fail
    }
    workers.shutdown();
  }
}
