package dev.lavalier.fleet;

import dev.lavalier.audio.PcmFormat;
import dev.lavalier.capture.Capture;
import dev.lavalier.capture.DeviceDescriptor;
import dev.lavalier.capture.Devices;
import dev.lavalier.common.LogText;
import dev.lavalier.common.StreamException;
import dev.lavalier.common.StreamException.Reason;
import dev.lavalier.common.TimeSource;
import dev.lavalier.fleet.v1.Catalogue;
import dev.lavalier.fleet.v1.Heartbeat;
import dev.lavalier.fleet.v1.OpenReply;
import dev.lavalier.fleet.v1.Opened;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The devices of all nodes of a fleet, for an edge. The id of a device is the node, a slash, and
 * its id on the node. The nodes themselves are the catalogue: a node that is silent for 30 s is not
 * listed any more. None of the devices is the default.
 *
 * <p>Each device that is open has a lease, which is renewed. The node numbers the epochs and
 * samples, so they are the same on all edges.
 *
 * <p>Safe for use from any thread. Only {@link #open} blocks.
 */
public final class FleetDevices implements Devices {

  private static final Logger log = LoggerFactory.getLogger(FleetDevices.class);

  private static final int MAX_NODES = 1_000;

  /** A heartbeat can be this late, and the node's clock later than it says. */
  private static final long MAX_HEARTBEAT_DELAY_MICROS = 5_000_000;

  private final String edge;
  private final Link link;
  private final TimeSource time;
  private Runnable onChange = () -> {};

  // Guarded by this.
  private final Map<String, NodeView> nodes = new TreeMap<>();
  private final Map<String, RemoteCapture> captures = new HashMap<>(); // open devices
  private final Set<String> opening = new HashSet<>(); // their leases are renewed as well
  private final Map<String, Long> lastEpochs = new HashMap<>(); // of devices that were opened
  private final List<Link.Registration> registrations = new ArrayList<>();
  private long leases;
  private long renewedAt;
  private boolean asked; // for catalogues, since the last tick
  private boolean closed;
  private volatile List<DeviceDescriptor> listed = List.of();

  /**
   * Creates a source without devices.
   *
   * @param edge the name of the edge: at most 40 of a-z, 0-9 and -
   * @throws IllegalArgumentException if the name is malformed
   */
  public FleetDevices(String edge, Link link, TimeSource time) {
    this.edge = Subjects.checkName("fleet-edge", edge);
    this.link = link;
    this.time = time;
    this.leases = time.unixNanos() / 1_000; // not those of an earlier process
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
    link.onReady(this::onLinkReady);
    onLinkReady();
    tick();
  }

  @Override
  public List<DeviceDescriptor> list() {
    return listed;
  }

  @Override
  public void onChange(Runnable listener) {
    onChange = listener;
  }

  private synchronized void onLinkReady() {
    if (!closed) {
      link.publish(Subjects.WHO, new byte[0]);
      renew(time.nanoTime());
    }
  }

  private void tick() {
    boolean changed;
    synchronized (this) {
      if (closed) {
        return;
      }
      time.schedule(Timing.TICK, this::tick);
      asked = false;
      long now = time.nanoTime();
      if (now - renewedAt >= Timing.LEASE.toNanos() / 3) {
        renew(now);
      }
      changed =
          nodes.values().removeIf(each -> each.silentNanos(now) > Timing.FORGET.toNanos())
              && updateList();
    }
    if (changed) {
      onChange.run();
    }
  }

  private void renew(long now) {
    renewedAt = now;
    Map<String, List<String>> byNode = new TreeMap<>();
    Set<String> needed = new TreeSet<>(opening);
    needed.addAll(captures.keySet());
    for (String id : needed) {
      byNode.computeIfAbsent(nodeOf(id), n -> new ArrayList<>()).add(localIdOf(id));
    }
    byNode.forEach((node, ids) -> link.publish(Subjects.control(node, edge), Messages.renew(ids)));
  }

  private boolean updateList() {
    List<DeviceDescriptor> next = new ArrayList<>();
    nodes.values().forEach(each -> next.addAll(each.devices().values()));
    boolean changed = !next.equals(listed);
    listed = List.copyOf(next);
    return changed;
  }

  private void onHeartbeat(Link.Message message) {
    String name = Subjects.lastToken(message.subject());
    Heartbeat heartbeat = Messages.decode(Heartbeat.parser(), message.payload());
    if (heartbeat == null || !Subjects.isName(name)) {
      return;
    }
    List<RemoteCapture> ended = List.of();
    synchronized (this) {
      long now = time.nanoTime();
      NodeView known = nodes.get(name);
      if (known == null && nodes.size() == MAX_NODES) {
        return;
      }
      if (known != null && known.boot == heartbeat.getBoot()) {
        known.onHeartbeat(heartbeat, now);
      } else if (known == null || known.isReplacedBy(heartbeat)) {
        nodes.put(name, new NodeView(heartbeat, now));
        ended = captures(name);
      }
      if (!asked && nodes.get(name).isCatalogueDue(now)) {
        asked = true;
        link.publish(Subjects.WHO, new byte[0]);
      }
    }
    ended.forEach(each -> each.lose("the node has started again"));
  }

  private List<RemoteCapture> captures(String node) {
    return captures.entrySet().stream()
        .filter(each -> nodeOf(each.getKey()).equals(node))
        .map(Map.Entry::getValue)
        .toList();
  }

  private void onCatalogue(Link.Message message) {
    String name = Subjects.lastToken(message.subject());
    Catalogue catalogue = Messages.decode(Catalogue.parser(), message.payload());
    boolean changed;
    synchronized (this) {
      NodeView known = nodes.get(name); // its heartbeat is first
      changed =
          catalogue != null
              && known != null
              && known.boot == catalogue.getBoot()
              && known.onCatalogue(name, catalogue)
              && updateList(); // the list can have devices of the process before
    }
    if (changed) {
      onChange.run();
    }
  }

  @Override
  public synchronized OptionalLong epochClockMicros(String deviceId) {
    NodeView node = nodes.get(nodeOf(deviceId));
    return node == null
        ? OptionalLong.empty()
        : OptionalLong.of(node.unixNanos(time.nanoTime()) / 1_000 + MAX_HEARTBEAT_DELAY_MICROS);
  }

  @Override
  public Capture open(String deviceId) throws StreamException {
    NodeView node;
    DeviceDescriptor device;
    long lease;
    synchronized (this) {
      node = nodes.get(nodeOf(deviceId));
      device = node == null ? null : node.device(deviceId);
      if (device == null) {
        throw lost("device_id: %s (expected: a device that is available)", deviceId);
      }
      if (node.silentNanos(time.nanoTime()) > Timing.NODE_TIMEOUT.toNanos()) {
        throw lost("%s: its node does not answer", deviceId);
      }
      lease = ++leases;
      opening.add(deviceId);
    }
    try {
      Opened opened = opened(deviceId, request(deviceId, lease));
      try {
        PcmFormat format = checkOpened(deviceId, opened);
        return capture(captured(device, format), opened, lease, node);
      } catch (StreamException e) {
        release(deviceId, lease); // the node has opened it
        throw e;
      }
    } finally {
      synchronized (this) {
        opening.remove(deviceId);
      }
    }
  }

  private byte[] request(String deviceId, long lease) throws StreamException {
    try {
      return link.request(
          Subjects.control(nodeOf(deviceId), edge),
          Messages.open(localIdOf(deviceId), lease),
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

  /** A number of an epoch never shrinks, or a subscriber could resume at the wrong samples. */
  private synchronized PcmFormat checkOpened(String deviceId, Opened opened)
      throws StreamException {
    PcmFormat format = Messages.format(opened.getFormat());
    long lastEpoch = lastEpochs.getOrDefault(deviceId, 1L);
    if (opened.getEpoch() < lastEpoch) {
      log.warn(
          "{}: epoch {} (expected: at least {}); the clock of its node was set back",
          LogText.sanitizeAndTruncate(deviceId),
          opened.getEpoch(),
          lastEpoch);
      throw lost("%s: the clock of its node was set back", deviceId);
    }
    if (format == null
        || opened.getBlockSamples() < 1
        || opened.getBlockSamples() > Blocks.samples(format)
        || opened.getNextSampleIndex() < 0) {
      throw lost("%s: its node sent a malformed answer", deviceId);
    }
    lastEpochs.put(deviceId, opened.getEpoch());
    return format;
  }

  private Capture capture(DeviceDescriptor device, Opened opened, long lease, NodeView node) {
    String id = device.id();
    RemoteCapture[] self = new RemoteCapture[1];
    RemoteCapture capture =
        new RemoteCapture(
            device,
            opened.getEpoch(),
            opened.getBlockSamples(),
            opened.getNextSampleIndex(),
            lease,
            node.clock,
            time,
            () -> onClosed(id, self[0]));
    self[0] = capture;
    capture.setRegistration(
        link.subscribe(Subjects.blocks(nodeOf(id), localIdOf(id)), capture::onMessage));
    synchronized (this) {
      captures.put(id, capture);
    }
    return capture;
  }

  private static DeviceDescriptor captured(DeviceDescriptor device, PcmFormat format) {
    return new DeviceDescriptor(
        device.id(),
        device.name(),
        device.vendor(),
        device.description(),
        false,
        format,
        device.formats());
  }

  private void onClosed(String id, RemoteCapture capture) {
    synchronized (this) {
      captures.remove(id, capture);
    }
    release(id, capture.lease());
  }

  private void release(String id, long lease) {
    link.publish(Subjects.control(nodeOf(id), edge), Messages.release(localIdOf(id), lease));
  }

  private static StreamException lost(String format, String deviceId) {
    return new StreamException(Reason.DEVICE_LOST, format.formatted(deviceId));
  }

  private static String nodeOf(String deviceId) {
    return deviceId.substring(0, Math.max(0, deviceId.indexOf('/')));
  }

  private static String localIdOf(String deviceId) {
    return deviceId.substring(deviceId.indexOf('/') + 1);
  }

  /** Open captures continue, until their leases expire. */
  @Override
  public synchronized void close() {
    closed = true;
    registrations.forEach(Link.Registration::close);
    registrations.clear();
  }
}
