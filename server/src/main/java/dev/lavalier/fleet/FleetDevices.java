package dev.lavalier.fleet;

import dev.lavalier.audio.PcmFormat;
import dev.lavalier.capture.Capture;
import dev.lavalier.capture.DeviceDescriptor;
import dev.lavalier.capture.Devices;
import dev.lavalier.capture.RemoteState;
import dev.lavalier.common.StreamException;
import dev.lavalier.common.StreamException.Reason;
import dev.lavalier.common.TimeSource;
import dev.lavalier.fleet.v1.OpenReply;
import dev.lavalier.fleet.v1.Opened;
import dev.lavalier.fleet.v1.Renew;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.function.ToIntFunction;
import java.util.stream.Collectors;

/**
 * The devices of all nodes of a fleet, for an edge. The id of a device is the node, a slash, and
 * its id on the node. A node that is silent for 30 s is not listed any more, unless one of its
 * devices is open. None of the devices is the default.
 *
 * <p>Each device that is open has a lease, which is renewed. The node numbers the epochs and
 * samples, so they are the same on all edges.
 *
 * <p>Safe for use from any thread. Only {@link #open} blocks.
 */
public final class FleetDevices implements Devices {

  private final String edge;
  private final Link link;
  private final TimeSource time;
  private final NodeDirectory nodes;
  private Runnable onChange = () -> {};
  private Runnable onRemoteState = () -> {};
  private volatile ToIntFunction<String> subscribers = id -> 0;

  // Guarded by this.
  private final Map<String, RemoteCapture> captures = new HashMap<>(); // open devices
  private final NavigableMap<String, Long> leases = new TreeMap<>(); // by open or opening device
  private final List<Link.Registration> registrations = new ArrayList<>();
  private final Map<String, Long> heardAt = new HashMap<>(); // nodes that have a lease
  private long lastLease;
  private long renewedAt;
  private boolean closed;

  /**
   * Creates a source without devices.
   *
   * @param edge the name of the edge: at most 40 of a-z, 0-9 and -
   * @throws IllegalArgumentException if the name is malformed
   */
  public FleetDevices(String edge, Link link, FleetObserver observer, TimeSource time) {
    this.edge = Subjects.checkName("fleet-edge", edge);
    this.link = link;
    this.time = time;
    this.nodes = new NodeDirectory(link, observer, time);
    this.lastLease = time.unixNanos() / 1_000; // not those of an earlier process
  }

  /** Creates a source without an observer. */
  public FleetDevices(String edge, Link link, TimeSource time) {
    this(edge, link, FleetObserver.NONE, time);
  }

  /** Does not wait for the nodes: they are listed when they have answered. */
  @Override
  public void start() {
    synchronized (this) {
      registrations.add(
          link.subscribe(Subjects.heartbeat(Subjects.ANY), message -> onHeartbeat(message)));
      registrations.add(
          link.subscribe(Subjects.catalogue(Subjects.ANY), message -> onCatalogue(message)));
    }
    link.onConnected(this::onConnected);
    onConnected();
    tick();
  }

  @Override
  public List<DeviceDescriptor> list() {
    return nodes.list();
  }

  @Override
  public void onChange(Runnable listener) {
    onChange = listener;
  }

  @Override
  public void onRemoteState(Runnable listener) {
    onRemoteState = listener;
  }

  @Override
  public Optional<RemoteState> remoteState(String deviceId) {
    return nodes.state(deviceId);
  }

  @Override
  public void countSubscribers(ToIntFunction<String> counter) {
    subscribers = counter;
  }

  /** Returns the current status. */
  public EdgeStatus status() {
    Map<String, Integer> open = new HashMap<>();
    synchronized (this) {
      captures.keySet().forEach(id -> open.merge(Subjects.nodeOf(id), 1, Integer::sum));
    }
    return new EdgeStatus(link.isConnected(), nodes.status(node -> open.getOrDefault(node, 0)));
  }

  private synchronized void onConnected() {
    if (!closed) {
      link.publish(Subjects.WHO, new byte[0]);
      renew(time.nanoTime());
    }
  }

  private void tick() {
    Set<String> needed;
    synchronized (this) {
      if (closed) {
        return;
      }
      time.schedule(Timing.TICK, this::tick);
      long now = time.nanoTime();
      if (now - renewedAt >= Timing.RENEWAL.toNanos()) {
        renew(now);
      }
      needed = leases.keySet().stream().map(Subjects::nodeOf).collect(Collectors.toSet());
    }
    report(nodes.tick(needed));
  }

  private void report(NodeDirectory.Change change) {
    switch (change) {
      case NOTHING -> {}
      case STATES -> onRemoteState.run();
      case DEVICES -> onChange.run();
    }
  }

  private void renew(long now) {
    renewedAt = now;
    renewOf(node -> true);
  }

  private void renewOf(Predicate<String> wanted) {
    Map<String, Renew.Builder> byNode = new TreeMap<>();
    leases.forEach(
        (id, lease) ->
            byNode
                .computeIfAbsent(Subjects.nodeOf(id), n -> Renew.newBuilder())
                .addLocalIds(Subjects.localIdOf(id))
                .addLeases(lease)
                .addListeners(subscribers.applyAsInt(id)));
    byNode.forEach(
        (node, each) -> {
          if (wanted.test(node)) {
            link.publish(Subjects.control(node, edge), Messages.renew(nodes.boot(node), each));
          }
        });
  }

  private void onHeartbeat(Link.Message message) {
    renewIfReturned(Subjects.lastToken(message.subject()));
    NodeDirectory.Heard heard = nodes.onHeartbeat(message);
    if (heard.restarted() != null) {
      captures(heard.restarted()).forEach(each -> each.lose("the node has started again"));
    }
    report(heard.change());
  }

  private synchronized List<RemoteCapture> captures(String node) {
    return captures.entrySet().stream()
        .filter(each -> Subjects.nodeOf(each.getKey()).equals(node))
        .map(Map.Entry::getValue)
        .toList();
  }

  /**
   * Renews the leases of a node that was silent: its lease may expire soon, and the renewals were
   * lost if the edge was connected again before the node.
   */
  private synchronized void renewIfReturned(String node) {
    String prefix = node + "/";
    String first = leases.ceilingKey(prefix); // not all leases for each heartbeat
    if (first == null || !first.startsWith(prefix)) {
      heardAt.remove(node);
      return;
    }
    long now = time.nanoTime();
    Long before = heardAt.put(node, now);
    if (before != null && now - before > Timing.RETURN.toNanos()) {
      renewOf(node::equals);
    }
  }

  private void onCatalogue(Link.Message message) {
    if (nodes.onCatalogue(message)) {
      onChange.run();
    }
  }

  @Override
  public OptionalLong epochClockMicros(String deviceId) {
    return nodes.epochClockMicros(deviceId);
  }

  @Override
  public Capture open(String deviceId) throws StreamException {
    NodeDirectory.Found found = nodes.find(deviceId);
    if (found == null) {
      throw lost("device_id: %s (expected: a device that is available)", deviceId);
    }
    if (found.silent()) {
      throw lost("%s: its node does not answer", deviceId);
    }
    long lease = newLease(deviceId);
    boolean opens = false;
    try {
      Opened opened = opened(deviceId, request(deviceId, lease, found.node().boot));
      Capture capture = capture(checkOpened(found.device(), opened), opened, lease, found);
      opens = true;
      return capture;
    } finally {
      if (!opens) {
        release(deviceId, lease); // the node may have opened it
      }
    }
  }

  private synchronized long newLease(String deviceId) throws StreamException {
    if (closed) {
      throw lost("%s: the server stops", deviceId);
    }
    leases.put(deviceId, ++lastLease);
    return lastLease;
  }

  private byte[] request(String deviceId, long lease, long boot) throws StreamException {
    try {
      return link.request(
          Subjects.control(Subjects.nodeOf(deviceId), edge),
          Messages.open(
              boot, Subjects.localIdOf(deviceId), lease, subscribers.applyAsInt(deviceId)),
          Timing.OPEN_TIMEOUT);
    } catch (Link.NoReplyException e) {
      throw new StreamException(
          Reason.DEVICE_LOST,
          "%s: its node does not answer: %s".formatted(deviceId, e.getMessage()));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw lost("%s: the server stops", deviceId);
    }
  }

  private static Opened opened(String deviceId, byte[] reply) throws StreamException {
    OpenReply message = Messages.decode(OpenReply.parser(), reply);
    if (message != null && message.hasRefused()) {
      throw Messages.refusal(message.getRefused());
    }
    if (message == null || !message.hasOpened()) {
      throw lost("%s: its node sent a malformed answer", deviceId);
    }
    return message.getOpened();
  }

  /** Checks an answer, and returns the device with the format of its blocks. */
  private static DeviceDescriptor checkOpened(DeviceDescriptor device, Opened opened)
      throws StreamException {
    PcmFormat format = Messages.format(opened.getFormat());
    if (format == null
        || !Blocks.isEpoch(opened.getEpoch())
        || opened.getBlockSamples() < 1
        || opened.getBlockSamples() > Blocks.samples(format)
        || !Blocks.isSamples(opened.getNextSampleIndex(), format)) {
      throw lost("%s: its node sent a malformed answer", device.id());
    }
    return new DeviceDescriptor(
        device.id(),
        device.name(),
        device.vendor(),
        device.description(),
        false,
        format,
        device.formats(),
        device.nodeId(),
        device.recorded());
  }

  private Capture capture(
      DeviceDescriptor device, Opened opened, long lease, NodeDirectory.Found found) {
    String id = device.id();
    String subject = Subjects.blocks(Subjects.nodeOf(id), Subjects.localIdOf(id), found.recorded());
    RemoteCapture[] self = new RemoteCapture[1];
    RemoteCapture capture =
        new RemoteCapture(
            device,
            opened.getEpoch(),
            opened.getBlockSamples(),
            opened.getNextSampleIndex(),
            found.node().clock,
            found.node().traffic,
            new Backfill(
                link,
                edge,
                found.node().boot,
                id,
                opened.getEpoch(),
                device.captureFormat(),
                opened.getBlockSamples(),
                found.recorded(),
                time),
            time,
            () -> onClosed(id, lease, self[0]));
    self[0] = capture;
    capture.setRegistration(link.subscribe(subject, capture::onMessage));
    synchronized (this) {
      captures.put(id, capture);
    }
    return capture;
  }

  private void onClosed(String id, long lease, RemoteCapture capture) {
    synchronized (this) {
      captures.remove(id, capture);
    }
    release(id, lease);
  }

  private void release(String id, long lease) {
    synchronized (this) {
      leases.remove(id, lease);
    }
    link.publish(
        Subjects.control(Subjects.nodeOf(id), edge),
        Messages.release(Subjects.localIdOf(id), lease));
  }

  private static StreamException lost(String format, String deviceId) {
    return new StreamException(Reason.DEVICE_LOST, format.formatted(deviceId));
  }

  /**
   * Releases all leases. Captures that are still open are lost when the nodes close the devices.
   */
  @Override
  public void close() {
    Map<String, Long> held;
    synchronized (this) {
      closed = true;
      registrations.forEach(Link.Registration::close);
      registrations.clear();
      held = Map.copyOf(leases);
    }
    held.forEach(this::release);
  }
}
