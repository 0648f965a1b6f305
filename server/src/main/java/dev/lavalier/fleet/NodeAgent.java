package dev.lavalier.fleet;

import dev.lavalier.capture.DeviceDescriptor;
import dev.lavalier.common.LogText;
import dev.lavalier.common.StreamException;
import dev.lavalier.common.StreamException.Reason;
import dev.lavalier.common.TimeSource;
import dev.lavalier.fleet.v1.ControlRequest;
import dev.lavalier.fleet.v1.Heartbeat;
import dev.lavalier.fleet.v1.Open;
import dev.lavalier.fleet.v1.Release;
import dev.lavalier.hub.DeliveryLoop;
import dev.lavalier.hub.DeviceStatus;
import dev.lavalier.hub.Hub;
import dev.lavalier.hub.OnDeviceLoss;
import dev.lavalier.hub.OverflowPolicy;
import dev.lavalier.hub.Subscriber;
import dev.lavalier.hub.Subscription;
import dev.lavalier.hub.SubscriptionSpec;
import dev.lavalier.pipeline.FrameCodec;
import dev.lavalier.pipeline.StartFrom;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Shares devices of a server with the edges of its fleet. While at least one edge has a lease for a
 * device, one subscription of the hub publishes its blocks, for all edges. A lease expires after 5
 * s, so a node that is cut off closes its devices.
 *
 * <p>If another process with the same node id started later, this one gives up: it does not share
 * devices any more.
 *
 * <p>Safe for use from any thread. Never blocks.
 */
public final class NodeAgent implements AutoCloseable {

  private static final Logger log = LoggerFactory.getLogger(NodeAgent.class);

  private static final FrameCodec PCM = FrameCodec.stateless(frame -> frame.pcm().clone());

  private final String node;
  private final long boot;
  private final Predicate<String> shared;
  private final Hub hub;
  private final DeliveryLoop loop;
  private final Link link;
  private final TimeSource time;
  private final long startMicros;

  /** A device that is published. */
  private record Published(BlockSink sink, Subscription subscription) {}

  // Guarded by this.
  private final Leases leases = new Leases();
  private final Map<String, Published> published = new HashMap<>(); // by device
  private final List<Link.Registration> registrations = new ArrayList<>();
  private List<DeviceDescriptor> listed = List.of();
  private long catalogueVersion;
  private boolean catalogueDue;
  private long heartbeatAt;
  private boolean closed;

  /**
   * Creates an agent that is not started.
   *
   * @param node the id of the node: at most 40 of a-z, 0-9 and -
   * @param boot a random number of this process
   * @param shared which device ids the operator shares
   * @param loop runs the subscriptions of the hub
   * @throws IllegalArgumentException if the id is malformed
   */
  public NodeAgent(
      String node,
      long boot,
      Predicate<String> shared,
      Hub hub,
      DeliveryLoop loop,
      Link link,
      TimeSource time) {
    this.node = Subjects.checkName("fleet-node", node);
    this.boot = boot;
    this.shared = shared;
    this.hub = hub;
    this.loop = loop;
    this.link = link;
    this.time = time;
    this.startMicros = time.unixNanos() / 1_000;
  }

  /** Starts to share the devices. Called once. */
  public synchronized void start() {
    registrations.add(link.subscribe(Subjects.control(node, Subjects.ANY), this::onControl));
    registrations.add(link.subscribe(Subjects.WHO, message -> onWho()));
    registrations.add(link.subscribe(Subjects.heartbeat(node), this::onOwnHeartbeat));
    link.onReady(this::onLinkReady);
    tick();
  }

  /** Ends all subscriptions of edges. Further calls have no effect. */
  @Override
  public synchronized void close() {
    closed = true;
    registrations.forEach(Link.Registration::close);
    registrations.clear();
    leases.clear();
    endUnneeded("the node stops");
  }

  private synchronized void tick() {
    if (closed) {
      return;
    }
    time.schedule(Timing.TICK, this::tick);
    long now = time.nanoTime();
    leases.expire(now);
    endUnneeded("no edge needs it");
    updateCatalogue();
    if (!link.isReady()) {
      return;
    }
    if (catalogueDue || now - heartbeatAt >= Timing.HEARTBEAT.toNanos()) {
      heartbeatAt = now;
      link.publish(
          Subjects.heartbeat(node),
          Heartbeat.newBuilder()
              .setBoot(boot)
              .setStartUnixMicros(startMicros)
              .setCatalogueVersion(catalogueVersion)
              .setSteadyNanos(now)
              .setUnixNanos(time.unixNanos())
              .build()
              .toByteArray());
    }
    if (catalogueDue) {
      catalogueDue = false;
      link.publish(Subjects.catalogue(node), Messages.catalogue(boot, catalogueVersion, listed));
    }
  }

  private void updateCatalogue() {
    List<DeviceDescriptor> devices =
        hub.devices().stream()
            .map(DeviceStatus::device)
            .filter(device -> shared.test(device.id()))
            .toList();
    if (!devices.equals(listed) || catalogueVersion == 0) {
      listed = devices;
      catalogueVersion++;
      catalogueDue = true;
    }
  }

  /**
   * Makes the next tick send a heartbeat and the catalogue: once, for any number of edges that ask.
   */
  private synchronized void onWho() {
    catalogueDue = true;
  }

  private void onLinkReady() {
    List<Subscription> waiting;
    synchronized (this) {
      waiting = published.values().stream().map(Published::subscription).toList();
    }
    waiting.forEach(Subscription::wake);
  }

  private void onOwnHeartbeat(Link.Message message) {
    Heartbeat other = Messages.decode(Heartbeat.parser(), message.payload());
    if (other == null || other.getBoot() == boot) {
      return;
    }
    boolean later =
        other.getStartUnixMicros() > startMicros
            || (other.getStartUnixMicros() == startMicros
                && Long.compareUnsigned(other.getBoot(), boot) > 0);
    if (later) {
      log.error(
          "fleet-node: {} (expected: an id that no other node has): another process with this id"
              + " started later; this one does not share devices any more",
          node);
      close();
    }
  }

  private void onControl(Link.Message message) {
    ControlRequest request = Messages.decode(ControlRequest.parser(), message.payload());
    String edge = Subjects.lastToken(message.subject());
    if (request == null || !Subjects.isName(edge)) {
      return;
    }
    switch (request.getRequestCase()) {
      case OPEN -> open(request.getOpen(), edge, message.reply());
      case RENEW -> renew(request.getRenew().getLocalIdsList(), edge);
      case RELEASE -> release(request.getRelease(), edge);
      case REQUEST_NOT_SET -> {} // of a newer edge
    }
  }

  private synchronized void renew(List<String> devices, String edge) {
    long now = time.nanoTime();
    devices.stream().limit(Messages.MAX_DEVICES).forEach(each -> leases.renew(each, edge, now));
  }

  private synchronized void release(Release release, String edge) {
    leases.release(release.getLocalId(), edge, release.getLease());
    endUnneeded("no edge needs it");
  }

  private void open(Open open, String edge, Consumer<byte[]> reply) {
    BlockSink sink;
    try {
      sink = publish(open.getLocalId(), edge, open.getLease());
    } catch (StreamException e) {
      reply.accept(Messages.refused(e));
      return;
    }
    if (sink != null) {
      sink.answer(edge, reply);
    }
  }

  /** Grants a lease and returns the sink of the device; null after the agent was closed. */
  private synchronized @Nullable BlockSink publish(String device, String edge, long lease)
      throws StreamException {
    if (closed) {
      return null;
    }
    DeviceDescriptor descriptor = descriptor(device);
    if (!leases.grant(device, edge, lease, time.nanoTime())) {
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
        new BlockSink(Subjects.blocks(node, device), link, samples, each -> onEnded(device, each));
    try {
      Subscription subscription =
          hub.subscribe(new Subscriber("fleet", "fleet"), spec(descriptor, samples), loop, sink);
      published.put(device, new Published(sink, subscription));
      log.info("{}: shared, first with {}", device, LogText.sanitizeAndTruncate(edge));
      return sink;
    } catch (StreamException e) {
      leases.release(device, edge, lease);
      throw e;
    }
  }

  /** Returns a device that is shared. The message names no other device: its reader may not see. */
  private DeviceDescriptor descriptor(String device) throws StreamException {
    return hub.devices().stream()
        .map(DeviceStatus::device)
        .filter(each -> each.id().equals(device) && shared.test(device))
        .findFirst()
        .orElseThrow(
            () ->
                new StreamException(
                    Reason.DEVICE_LOST,
                    "device_id: %s/%s (expected: a device that is available)"
                        .formatted(node, device)));
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
            false));
  }

  private synchronized void onEnded(String device, BlockSink sink) {
    Published known = published.get(device);
    if (known != null && known.sink() == sink) {
      published.remove(device);
    }
  }

  private void endUnneeded(String reason) {
    published
        .entrySet()
        .removeIf(
            each -> {
              boolean unneeded = !leases.isHeld(each.getKey());
              if (unneeded) {
                var unused = each.getValue().subscription().cancel(reason);
                each.getValue().sink().abandon(reason);
                log.info("{}: not shared any more: {}", each.getKey(), reason);
              }
              return unneeded;
            });
  }
}
