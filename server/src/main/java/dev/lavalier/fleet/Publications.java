package dev.lavalier.fleet;

import dev.lavalier.capture.DeviceDescriptor;
import dev.lavalier.common.LogText;
import dev.lavalier.common.StreamException;
import dev.lavalier.common.StreamException.Reason;
import dev.lavalier.common.TimeSource;
import dev.lavalier.fleet.v1.Fetch;
import dev.lavalier.fleet.v1.FetchReply;
import dev.lavalier.fleet.v1.Open;
import dev.lavalier.fleet.v1.Release;
import dev.lavalier.fleet.v1.Renew;
import dev.lavalier.hub.AccessCheck;
import dev.lavalier.hub.DeliveryLoop;
import dev.lavalier.hub.DeviceStatus;
import dev.lavalier.hub.Hub;
import dev.lavalier.hub.OnDeviceLoss;
import dev.lavalier.hub.OverflowPolicy;
import dev.lavalier.hub.StreamStart;
import dev.lavalier.hub.Subscriber;
import dev.lavalier.hub.Subscription;
import dev.lavalier.hub.SubscriptionSpec;
import dev.lavalier.pipeline.FrameCodec;
import dev.lavalier.pipeline.StartFrom;
import dev.lavalier.pipeline.StreamPlan;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The devices that a node publishes: those for which an edge has a lease. One subscription of the
 * hub publishes the blocks of a device, for all edges.
 *
 * <p>Safe for use from any thread. Never blocks.
 */
final class Publications {

  private static final Logger log = LoggerFactory.getLogger(Publications.class);

  private static final FrameCodec PCM = FrameCodec.stateless(frame -> frame.pcm().clone());

  /** How many answers with at most 512 KiB of earlier audio an edge gets at once. */
  static final int MAX_FETCHES = 64;

  /** How many of them all edges get at once, and per second. */
  static final int MAX_ALL_FETCHES = 256;

  private static final int PER_SECOND = 16;

  /** How often an edge can open devices at once: all of them, and again after an outage. */
  static final int MAX_OPENS = 2 * Messages.MAX_DEVICES;

  /**
   * How many refusals and empty answers an edge gets at once. Beyond that, it gets none: they would
   * fill the line of the node.
   */
  static final int MAX_REFUSALS = 512;

  private final NodeOptions options;
  private final Hub hub;
  private final DeliveryLoop loop;
  private final Link link;
  private final TimeSource time;

  /** A device that is published. */
  private record Published(BlockSink sink, Subscription subscription) {}

  // Guarded by this.
  private final Leases leases;
  private final RequestLimit fetches = new RequestLimit(MAX_FETCHES, PER_SECOND);
  private final RequestLimit allFetches = new RequestLimit(MAX_ALL_FETCHES, MAX_ALL_FETCHES);
  private final RequestLimit opens = new RequestLimit(MAX_OPENS, PER_SECOND);
  private final RequestLimit refusals = new RequestLimit(MAX_REFUSALS, PER_SECOND);
  private final Map<String, Published> published = new HashMap<>(); // by device
  private final Map<String, BlockCounts> counts = new TreeMap<>(); // of devices published so far
  private boolean closed;

  Publications(
      NodeOptions options,
      Hub hub,
      DeliveryLoop loop,
      Link link,
      FleetObserver observer,
      TimeSource time) {
    this.options = options;
    this.hub = hub;
    this.loop = loop;
    this.link = link;
    this.time = time;
    this.leases = new Leases(observer);
  }

  /** Grants a lease, and answers when the device is open or was refused. */
  void open(Open open, String edge, Consumer<byte[]> reply) {
    BlockSink sink;
    try {
      sink = publish(open, edge);
    } catch (StreamException e) {
      if (mayRefuse(edge)) {
        reply.accept(Messages.refused(e));
      }
      return;
    }
    if (sink != null) {
      sink.answer(edge, reply);
    }
  }

  private synchronized boolean mayRefuse(String edge) {
    return refusals.take(edge, time.nanoTime());
  }

  /** Grants a lease and returns the sink of the device; null after the node was closed. */
  private synchronized @Nullable BlockSink publish(Open open, String edge) throws StreamException {
    if (closed) {
      return null;
    }
    String device = open.getLocalId();
    int listeners = Math.max(0, open.getListeners());
    if (!opens.take(edge, time.nanoTime())) {
      throw new StreamException(
          Reason.LIMIT_REACHED, "%s: edge %s opens devices too often".formatted(device, edge));
    }
    DeviceDescriptor descriptor = descriptor(device);
    if (!leases.grant(device, edge, open.getLease(), listeners, time.nanoTime())) {
      throw new StreamException(
          Reason.LIMIT_REACHED,
          "%s: more than %d edges need it".formatted(device, Leases.MAX_EDGES));
    }
    Published known = published.get(device);
    if (known != null) {
      return known.sink();
    }
    int samples = Blocks.samples(descriptor.captureFormat());
    BlockSink sink =
        new BlockSink(
            Subjects.blocks(options.node(), device, options.recorded().test(device)),
            link,
            samples,
            counts(device),
            each -> onEnded(device, each));
    try {
      Subscription subscription =
          hub.subscribe(subscriber(device), spec(descriptor, samples), loop, sink);
      published.put(device, new Published(sink, subscription));
      log.info("{}: shared, first with {}", device, LogText.sanitizeAndTruncate(edge));
      return sink;
    } catch (StreamException e) {
      leases.release(device, edge, open.getLease(), time.nanoTime());
      throw e;
    }
  }

  /** Each device has the limits of a caller of its own, or a node could not share many devices. */
  private static Subscriber subscriber(String device) {
    String name = "fleet/" + device;
    return new Subscriber(name, name, "fleet", AccessCheck.ALWAYS_ALLOWED);
  }

  private BlockCounts counts(String device) {
    if (counts.size() >= Messages.MAX_DEVICES && !counts.containsKey(device)) {
      counts.keySet().retainAll(published.keySet());
    }
    return counts.computeIfAbsent(device, d -> new BlockCounts());
  }

  /** Returns a device that is shared. The message names no other device: its reader may not see. */
  private DeviceDescriptor descriptor(String device) throws StreamException {
    return hub.devices().stream()
        .map(each -> each.device())
        .filter(each -> each.id().equals(device) && options.shared().test(device))
        .findFirst()
        .orElseThrow(
            () ->
                new StreamException(
                    Reason.DEVICE_LOST,
                    "device_id: %s/%s (expected: a device that is available)"
                        .formatted(options.node(), device)));
  }

  private static SubscriptionSpec spec(DeviceDescriptor device, int samples)
      throws StreamException {
    return SubscriptionSpec.resolve(
        device,
        new SubscriptionSpec.Request(
            samples,
            new SubscriptionSpec.RequestedFormat(Optional.empty(), 0, 0, List.of()),
            0,
            OverflowPolicy.DROP_OLDEST,
            OnDeviceLoss.WAIT,
            StartFrom.LIVE,
            PCM,
            true));
  }

  private synchronized void onEnded(String device, BlockSink sink) {
    Published known = published.get(device);
    if (known != null && known.sink() == sink) {
      published.remove(device);
    }
  }

  /**
   * Renews leases. A renewal without a number or a count is ignored. One that grants a lease again
   * counts as an opening.
   */
  synchronized void renew(Renew renew, String edge) {
    long now = time.nanoTime();
    int count =
        Math.min(
            Math.min(renew.getLocalIdsCount(), Messages.MAX_DEVICES),
            Math.min(renew.getLeasesCount(), renew.getListenersCount()));
    for (int i = 0; i < count; i++) {
      String device = renew.getLocalIds(i);
      int listeners = Math.max(0, renew.getListeners(i));
      if (leases.isHeld(device, edge) || (leases.isHeld(device) && opens.take(edge, now))) {
        leases.renew(device, edge, renew.getLeases(i), listeners, now);
      }
    }
  }

  synchronized void release(Release release, String edge) {
    leases.release(release.getLocalId(), edge, release.getLease(), time.nanoTime());
    endUnneeded("no edge needs it");
  }

  /** Ends what no edge needs any more. Called at intervals. */
  synchronized void expire() {
    leases.expire(time.nanoTime());
    endUnneeded("no edge needs it");
  }

  private void endUnneeded(String reason) {
    for (String device : List.copyOf(published.keySet())) {
      if (!leases.isHeld(device)) {
        Published unneeded = published.remove(device);
        var unused = unneeded.subscription().cancel(reason);
        loop.execute(() -> unneeded.sink().abandon(reason));
        log.info("{}: not shared any more: {}", device, reason);
      }
    }
  }

  /**
   * Answers a request for earlier audio. The answer is empty if the edge has no lease, or has
   * requested more than its share. There is none if messages wait for the link, because live audio
   * is first, if all edges together request too much, or if the edge got too many empty ones: it
   * asks again.
   */
  void fetch(Fetch fetch, String edge, Consumer<byte[]> reply) {
    byte[] answer = link.isReady() ? answer(fetch, edge) : null;
    if (answer != null) {
      reply.accept(answer);
    }
  }

  private byte @Nullable [] answer(Fetch fetch, String edge) {
    String device = fetch.getLocalId();
    StreamStart started;
    synchronized (this) {
      Published known = leases.isHeld(device, edge) ? published.get(device) : null;
      started = known == null ? null : known.sink().started();
      if (started == null || fetch.getFromIndex() < 0 || !fetches.take(edge, time.nanoTime())) {
        return mayRefuse(edge) ? new byte[0] : null;
      }
      if (!allFetches.take("", time.nanoTime())) {
        return null;
      }
    }
    StreamPlan plan = new StreamPlan(started.conversion(), started.spec().frameSize(), PCM);
    FetchReply.Builder reply = FetchReply.newBuilder();
    hub.kept(device, fetch.getEpoch(), plan, fetch.getFromIndex(), Messages.MAX_FETCHED_BYTES)
        .forEach(frame -> reply.addBlocks(Blocks.block(fetch.getEpoch(), frame)));
    return reply.build().toByteArray();
  }

  /** Sends what waits for the link. */
  void onLinkReady() {
    List<Subscription> waiting;
    synchronized (this) {
      waiting = published.values().stream().map(Published::subscription).toList();
    }
    waiting.forEach(Subscription::wake);
  }

  /**
   * Returns how many subscriptions a device has: those of edges count instead of the one that
   * publishes it.
   */
  synchronized int subscribers(DeviceStatus device) {
    String id = device.device().id();
    int ofEdges = leases.listeners(id).values().stream().mapToInt(Integer::intValue).sum();
    return device.subscriberCount() - (published.containsKey(id) ? 1 : 0) + ofEdges;
  }

  /** Returns the devices that were published so far. */
  synchronized List<NodeStatus.Shared> status() {
    return counts.entrySet().stream()
        .map(
            each ->
                new NodeStatus.Shared(
                    each.getKey(),
                    leases.listeners(each.getKey()),
                    each.getValue().published(),
                    each.getValue().dropped()))
        .toList();
  }

  /** Ends all leases and subscriptions. Further calls have no effect. */
  synchronized void close() {
    closed = true;
    leases.clear(time.nanoTime(), "the node stops");
    endUnneeded("the node stops");
  }
}
