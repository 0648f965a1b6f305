package dev.lavalier.fleet;

import dev.lavalier.capture.DeviceDescriptor;
import dev.lavalier.common.LogText;
import dev.lavalier.common.TimeSource;
import dev.lavalier.fleet.v1.ControlRequest;
import dev.lavalier.fleet.v1.Heartbeat;
import dev.lavalier.hub.DeliveryLoop;
import dev.lavalier.hub.DeviceStatus;
import dev.lavalier.hub.Hub;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import java.util.stream.Collectors;
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

  /** How many devices a warning names. */
  private static final int MAX_NAMED = 20;

  private final NodeOptions options;
  private final String node;
  private final long boot;
  private final Hub hub;
  private final Link link;
  private final TimeSource time;
  private final long startMicros;
  private final Publications publications;

  // Guarded by this.
  private final List<Link.Registration> registrations = new ArrayList<>();
  private List<String> present = List.of(); // ids of the devices of this machine
  private List<DeviceDescriptor> listed = List.of();
  private List<DeviceStatus> states = List.of(); // in the same order
  private long catalogueVersion;
  private boolean catalogueDue;
  private long heartbeatAt;
  private boolean closed;

  /**
   * Creates an agent that is not started.
   *
   * @param loop runs the subscriptions of the hub
   */
  public NodeAgent(
      NodeOptions options,
      Hub hub,
      DeliveryLoop loop,
      Link link,
      FleetObserver observer,
      TimeSource time) {
    this.options = options;
    this.node = options.node();
    this.boot = options.boot();
    this.hub = hub;
    this.link = link;
    this.time = time;
    this.startMicros = options.epochs().micros(time);
    this.publications = new Publications(options, hub, loop, link, observer, time);
  }

  /** Creates an agent without a version and an observer. */
  public NodeAgent(
      String node,
      long boot,
      Predicate<String> shared,
      Hub hub,
      DeliveryLoop loop,
      Link link,
      TimeSource time) {
    this(new NodeOptions(node, boot, "", shared), hub, loop, link, FleetObserver.NONE, time);
  }

  /** Starts to share the devices. Called once. */
  public synchronized void start() {
    registrations.add(link.subscribe(Subjects.control(node, Subjects.ANY), this::onControl));
    registrations.add(link.subscribe(Subjects.WHO, message -> onWho()));
    registrations.add(link.subscribe(Subjects.heartbeat(node), this::onOwnHeartbeat));
    link.onReady(publications::onLinkReady);
    tick();
  }

  /** Returns the current status. */
  public NodeStatus status() {
    boolean sharing;
    synchronized (this) {
      sharing = !closed;
    }
    return new NodeStatus(link.isConnected(), sharing, publications.status());
  }

  /** Ends all subscriptions of edges. Further calls have no effect. */
  @Override
  public synchronized void close() {
    closed = true;
    registrations.forEach(Link.Registration::close);
    registrations.clear();
    publications.close();
  }

  private synchronized void tick() {
    if (closed) {
      return;
    }
    time.schedule(Timing.TICK, this::tick);
    publications.expire();
    updateCatalogue();
    if (!link.isReady()) {
      return;
    }
    long now = time.nanoTime();
    if (catalogueDue || now - heartbeatAt >= Timing.HEARTBEAT.toNanos()) {
      heartbeatAt = now;
      link.publish(Subjects.heartbeat(node), heartbeat(now));
    }
    if (catalogueDue) {
      catalogueDue = false;
      link.publish(
          Subjects.catalogue(node),
          Messages.catalogue(boot, catalogueVersion, listed, options.recorded()));
    }
  }

  private byte[] heartbeat(long now) {
    String version = options.version();
    List<DeviceStatus> sent = states.subList(0, Math.min(states.size(), Messages.MAX_DEVICES));
    return Heartbeat.newBuilder()
        .setBoot(boot)
        .setStartUnixMicros(startMicros)
        .setCatalogueVersion(catalogueVersion)
        .setSteadyNanos(now)
        .setUnixNanos(time.unixNanos())
        .setEpochMicros(options.epochs().micros(time))
        .setVersion(version.substring(0, Math.min(version.length(), Messages.MAX_VERSION)))
        .addAllStates(sent.stream().map(each -> Messages.state(each.state())).toList())
        .addAllSubscribers(sent.stream().map(publications::subscribers).toList())
        .build()
        .toByteArray();
  }

  private void updateCatalogue() {
    List<DeviceStatus> all = hub.devices();
    warnOfMissing(all.stream().map(each -> each.device().id()).toList());
    states = all.stream().filter(each -> options.shared().test(each.device().id())).toList();
    List<DeviceDescriptor> devices = states.stream().map(DeviceStatus::device).toList();
    if (!devices.equals(listed) || catalogueVersion == 0) {
      listed = devices;
      catalogueVersion++;
      catalogueDue = true;
    }
  }

  /** Warns of expected devices that are not present: at the start, and when the list changes. */
  private void warnOfMissing(List<String> next) {
    if (next.equals(present) && catalogueVersion > 0) {
      return;
    }
    present = next;
    String some =
        next.isEmpty()
            ? "but it has none"
            : next.stream().limit(MAX_NAMED).collect(Collectors.joining(", "));
    options.expected().stream()
        .filter(id -> !next.contains(id))
        .sorted()
        .forEach(
            id ->
                log.warn(
                    "fleet-share: {} (expected: a device of this machine: {})",
                    LogText.sanitizeAndTruncate(id),
                    LogText.sanitizeAndTruncate(some)));
  }

  /**
   * Makes the next tick send a heartbeat and the catalogue: once, for any number of edges that ask.
   */
  private synchronized void onWho() {
    catalogueDue = true;
  }

  private void onOwnHeartbeat(Link.Message message) {
    Heartbeat other = Messages.heartbeat(message.payload());
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
    if (request == null
        || !Subjects.isName(edge)
        || (request.getBoot() != 0 && request.getBoot() != boot)) {
      return;
    }
    switch (request.getRequestCase()) {
      case OPEN -> publications.open(request.getOpen(), edge, message.reply());
      case RENEW -> publications.renew(request.getRenew(), edge);
      case RELEASE -> publications.release(request.getRelease(), edge);
      case FETCH -> publications.fetch(request.getFetch(), edge, message.reply());
      case REQUEST_NOT_SET -> {} // of a newer edge
    }
  }
}
