package dev.lavalier.fleet;

import dev.lavalier.capture.DeviceDescriptor;
import dev.lavalier.capture.RemoteState;
import dev.lavalier.common.RateLimitedLog;
import dev.lavalier.common.TimeSource;
import dev.lavalier.fleet.v1.Catalogue;
import dev.lavalier.fleet.v1.Heartbeat;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.ToIntFunction;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The nodes that an edge hears, and the devices that they share. The nodes themselves are the
 * catalogue: a node that is silent for 30 s is forgotten, unless an open device needs it. Safe for
 * use from any thread. Never blocks.
 */
final class NodeDirectory {

  private static final Logger log = LoggerFactory.getLogger(NodeDirectory.class);

  private static final int MAX_NODES = 1_000;

  /** How many devices of all nodes are listed. */
  static final int MAX_LISTED = 10_000;

  /** How often the list changes between two ticks, however often nodes change their devices. */
  private static final int MAX_UPDATES = 4;

  /** A heartbeat can be this late, and the node's clock later than it says. */
  private static final long MAX_HEARTBEAT_DELAY_MICROS = 5_000_000;

  private final Link link;
  private final FleetObserver observer;
  private final TimeSource time;
  private final RateLimitedLog clockWarnings;
  private final RateLimitedLog fullWarnings;
  private final RateLimitedLog listWarnings;

  // Guarded by this.
  private final Map<String, NodeView> nodes = new LinkedHashMap<>(); // in the order of hearing
  private boolean asked; // for catalogues, since the last tick
  private int updates; // of the list, since the last tick
  private boolean updateDue; // at the next tick
  private volatile List<DeviceDescriptor> listed = List.of();

  /**
   * A device that is listed.
   *
   * @param silent whether its node does not send heartbeats
   * @param recorded whether the engine records it
   */
  record Found(DeviceDescriptor device, NodeView node, boolean silent, boolean recorded) {}

  NodeDirectory(Link link, FleetObserver observer, TimeSource time) {
    this.link = link;
    this.observer = observer;
    this.time = time;
    this.clockWarnings =
        new RateLimitedLog(
            time,
            10,
            Duration.ofMinutes(1),
            "the clocks of %d more nodes differ from the clock of this machine"::formatted,
            log::warn);
    this.fullWarnings =
        new RateLimitedLog(
            time,
            1,
            Duration.ofMinutes(1),
            "%d more heartbeats of nodes that are not listed"::formatted,
            log::warn);
    this.listWarnings =
        new RateLimitedLog(
            time,
            1,
            Duration.ofMinutes(1),
            "%d more lists with too many devices"::formatted,
            log::warn);
  }

  List<DeviceDescriptor> list() {
    return listed;
  }

  synchronized @Nullable Found find(String deviceId) {
    NodeView node = nodes.get(Subjects.nodeOf(deviceId));
    DeviceDescriptor device = node == null ? null : node.device(deviceId);
    return device == null
        ? null
        : new Found(device, node, isSilent(node, time.nanoTime()), node.isRecorded(deviceId));
  }

  private static boolean isSilent(NodeView node, long now) {
    return node.silentNanos(now) > Timing.NODE_TIMEOUT.toNanos();
  }

  /** Returns the number of the process of a node; 0 if the node is not known. */
  synchronized long boot(String node) {
    NodeView known = nodes.get(node);
    return known == null ? 0 : known.boot;
  }

  /** What has changed. */
  enum Change {
    NOTHING,
    /** The states of devices. */
    STATES,
    /** The list of devices, or a node answers again. Lost devices may have returned. */
    DEVICES
  }

  /**
   * Notes nodes that are silent, and forgets those that are for long. Called at intervals.
   *
   * @param needed nodes that are not forgotten, because a device of them is open
   */
  synchronized Change tick(Set<String> needed) {
    asked = false;
    updates = 0;
    long now = time.nanoTime();
    boolean silenced = false;
    for (NodeView each : nodes.values()) {
      silenced |= each.updateSilent(now);
    }
    boolean removed =
        nodes
            .entrySet()
            .removeIf(
                each ->
                    !needed.contains(each.getKey())
                        && each.getValue().silentNanos(now) > Timing.FORGET.toNanos());
    if ((removed || updateDue) && updateList()) {
      return Change.DEVICES;
    }
    return silenced ? Change.STATES : Change.NOTHING;
  }

  /** Returns the state of a device on its node; empty if it is not listed. */
  synchronized Optional<RemoteState> state(String deviceId) {
    NodeView node = nodes.get(Subjects.nodeOf(deviceId));
    return node == null || node.device(deviceId) == null
        ? Optional.empty()
        : Optional.of(node.state(deviceId));
  }

  private boolean updateList() {
    updateDue = updates == MAX_UPDATES;
    if (updateDue) {
      return false;
    }
    updates++;
    List<DeviceDescriptor> next = new ArrayList<>();
    int all = 0;
    for (NodeView each : nodes.values()) {
      all += each.devices().size();
      each.devices().values().stream().limit(MAX_LISTED - next.size()).forEach(next::add);
    }
    if (all > MAX_LISTED) {
      int more = all - MAX_LISTED;
      listWarnings.log(
          () ->
              "%d devices are not listed (expected: at most %d of all nodes); those of the nodes"
                      .formatted(more, MAX_LISTED)
                  + " that were heard first are");
    }
    next.sort(Comparator.comparing(DeviceDescriptor::nodeId));
    boolean changed = !next.equals(listed);
    listed = List.copyOf(next);
    return changed;
  }

  /**
   * What a heartbeat says.
   *
   * @param restarted the node, if it is a later process than the one that was known; otherwise null
   */
  record Heard(@Nullable String restarted, Change change) {}

  /** Notes a heartbeat. */
  synchronized Heard onHeartbeat(Link.Message message) {
    String name = Subjects.lastToken(message.subject());
    Heartbeat heartbeat = Messages.heartbeat(message.payload());
    NodeView known = nodes.get(name);
    if (heartbeat == null || !Subjects.isName(name) || (known == null && isFull(name))) {
      return new Heard(null, Change.NOTHING);
    }
    long now = time.nanoTime();
    long unixNow = time.unixNanos();
    boolean replaced = false;
    Change change = Change.NOTHING;
    if (known != null && known.boot == heartbeat.getBoot()) {
      boolean differed = known.hasOtherClock();
      known.onHeartbeat(heartbeat, now, unixNow);
      if (known.hasOtherClock() && !differed) {
        warnOfClock(name, known.clockOffsetNanos());
      }
      if (known.updateSilent(now)) {
        change = Change.DEVICES;
      }
      if (known.onStates(heartbeat, now) && change == Change.NOTHING) {
        change = Change.STATES;
      }
    } else if (known == null || known.isReplacedBy(heartbeat, now)) {
      NodeTraffic traffic = known == null ? new NodeTraffic(name, observer, time) : known.traffic;
      nodes.put(name, new NodeView(heartbeat, known, traffic, now, unixNow));
      replaced = known != null; // not if it was forgotten: its devices can still be open
    }
    if (!asked && nodes.get(name).isCatalogueDue(now)) {
      asked = true;
      link.publish(Subjects.WHO, new byte[0]);
    }
    return new Heard(replaced ? name : null, change);
  }

  private boolean isFull(String name) {
    boolean full = nodes.size() >= MAX_NODES;
    if (full) {
      fullWarnings.log(
          () -> "%s: not listed (expected: at most %d nodes)".formatted(name, MAX_NODES));
    }
    return full;
  }

  private void warnOfClock(String name, long offsetNanos) {
    clockWarnings.log(
        () ->
            "%s: its clock is %.1f s %s (expected: at most 0.5 s of difference); capture times are those of its clock"
                .formatted(
                    name, Math.abs(offsetNanos) / 1e9, offsetNanos > 0 ? "ahead" : "behind"));
  }

  /** Notes a catalogue. Returns whether the list has changed. */
  synchronized boolean onCatalogue(Link.Message message) {
    String name = Subjects.lastToken(message.subject());
    Catalogue catalogue = Messages.decode(Catalogue.parser(), message.payload());
    NodeView known = nodes.get(name); // its heartbeat is first
    return catalogue != null
        && known != null
        && known.boot == catalogue.getBoot()
        && known.onCatalogue(name, catalogue)
        && updateList(); // the list can have devices of the process before
  }

  /**
   * Returns the time of the clock that numbers the epochs of a device, or a later one; empty if its
   * node is not known. If the node was not heard lately, its clock can have been set meanwhile: the
   * device must then be opened before a position can be checked.
   */
  synchronized OptionalLong epochClockMicros(String deviceId) {
    NodeView node = nodes.get(Subjects.nodeOf(deviceId));
    if (node == null) {
      return OptionalLong.empty();
    }
    long now = time.nanoTime();
    return OptionalLong.of(
        node.silentNanos(now) > 2 * Timing.HEARTBEAT.toNanos()
            ? Blocks.MAX_EPOCH
            : node.epochMicros(now) + MAX_HEARTBEAT_DELAY_MICROS);
  }

  /**
   * Returns all nodes.
   *
   * @param openDevices returns how many devices of a node are open on this edge
   */
  synchronized List<EdgeStatus.Node> status(ToIntFunction<String> openDevices) {
    long now = time.nanoTime();
    List<EdgeStatus.Node> status = new ArrayList<>();
    new TreeMap<>(nodes)
        .forEach(
            (name, node) ->
                status.add(
                    new EdgeStatus.Node(
                        name,
                        node.version(),
                        node.silentNanos(now),
                        node.clockOffsetNanos(),
                        node.devices().size(),
                        openDevices.applyAsInt(name),
                        node.clock.maxWaitNanos(now),
                        node.traffic.received(),
                        node.traffic.ignored(),
                        node.traffic.missing())));
    return status;
  }
}
