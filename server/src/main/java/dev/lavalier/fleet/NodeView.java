package dev.lavalier.fleet;

import dev.lavalier.capture.DeviceDescriptor;
import dev.lavalier.capture.RemoteState;
import dev.lavalier.common.LogText;
import dev.lavalier.fleet.v1.Catalogue;
import dev.lavalier.fleet.v1.Heartbeat;
import dev.lavalier.fleet.v1.SharedDevice;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * What an edge knows of one process of a node. Guarded by its {@link FleetDevices}, except the
 * clock.
 */
final class NodeView {

  private static final int MAX_EARLIER_BOOTS = 8;
  private static final int MIN_HEARTBEATS = 5;
  private static final long MAX_CLOCK_OFFSET_NANOS = 500_000_000;
  private static final long MIN_ASK_DELAY_NANOS = Timing.HEARTBEAT.toNanos();
  private static final long MIN_STATE_NANOS = Timing.HEARTBEAT.minusMillis(100).toNanos();
  private static final long MAX_ASK_DELAY_NANOS = 60 * MIN_ASK_DELAY_NANOS;

  final HopClock clock = new HopClock();
  final NodeTraffic traffic;
  final long boot;
  private final long startMicros;
  private long heardAt; // steady time of this machine
  private long epochOffsetMicros; // from the steady time of this machine to the node's epoch clock
  private final Deque<Long> earlierBoots; // of the last processes before this one
  private long clockOffsetNanos;
  private int heartbeats;
  private String version = "";
  private long announcedVersion;
  private long catalogueVersion; // of the devices; 0: none yet
  private long askAt; // steady time of this machine; not before
  private long askDelayNanos = MIN_ASK_DELAY_NANOS;
  private Map<String, DeviceDescriptor> devices = Map.of();
  private Set<String> recorded = Set.of(); // those that the engine records
  private List<String> order = List.of(); // device ids, as the catalogue has them
  private Map<String, RemoteState> states = Map.of();
  private long statesAt; // steady time of this machine
  private boolean silent; // at the last tick

  /**
   * Creates a view from the first heartbeat.
   *
   * @param before the process before; null: none is known
   * @param unixNow unix time of this machine
   */
  NodeView(
      Heartbeat first, @Nullable NodeView before, NodeTraffic traffic, long now, long unixNow) {
    this.traffic = traffic;
    this.earlierBoots = new ArrayDeque<>();
    if (before != null) {
      earlierBoots.addAll(before.earlierBoots);
      earlierBoots.add(before.boot);
      if (earlierBoots.size() > MAX_EARLIER_BOOTS) {
        earlierBoots.remove();
      }
    }
    this.epochOffsetMicros = Long.MIN_VALUE;
    this.boot = first.getBoot();
    this.startMicros = first.getStartUnixMicros();
    this.askAt = now;
    onHeartbeat(first, now, unixNow);
  }

  /**
   * Returns whether a heartbeat is of a process that started later. The clock of a node can be set
   * back before a restart, so any other process than an earlier one counts if this one is silent.
   */
  boolean isReplacedBy(Heartbeat other, long now) {
    boolean later =
        other.getStartUnixMicros() > startMicros
            || (other.getStartUnixMicros() == startMicros
                && Long.compareUnsigned(other.getBoot(), boot) > 0);
    boolean silentNow = silentNanos(now) > Timing.NODE_TIMEOUT.toNanos();
    return later || (silentNow && !earlierBoots.contains(other.getBoot()));
  }

  /** Notes a heartbeat of this process. */
  void onHeartbeat(Heartbeat heartbeat, long now, long unixNow) {
    long waited = clock.heartbeatWaited(heartbeat.getSteadyNanos(), now);
    heardAt = now;
    long unixNanos = heartbeat.getUnixNanos();
    long epochMicros = Math.max(heartbeat.getEpochMicros(), unixNanos / 1_000);
    // The largest one: others waited on the way.
    epochOffsetMicros = Math.max(epochOffsetMicros, epochMicros - now / 1_000);
    heartbeats++;
    clockOffsetNanos = unixNanos + waited - unixNow;
    version = LogText.sanitizeAndTruncate(heartbeat.getVersion(), Messages.MAX_VERSION);
    announcedVersion = Math.max(announcedVersion, heartbeat.getCatalogueVersion());
  }

  /** Notes a catalogue of this process. Returns whether it is a new one. */
  boolean onCatalogue(String node, Catalogue catalogue) {
    if (catalogue.getVersion() <= catalogueVersion) {
      return false; // overtaken
    }
    catalogueVersion = catalogue.getVersion();
    askDelayNanos = MIN_ASK_DELAY_NANOS;
    devices = Messages.devices(node, catalogue);
    order =
        catalogue.getDevicesList().stream()
            .limit(Messages.MAX_DEVICES)
            .map(each -> node + "/" + each.getLocalId())
            .toList();
    recorded =
        catalogue.getDevicesList().stream()
            .limit(Messages.MAX_DEVICES)
            .filter(SharedDevice::getRecorded)
            .map(each -> node + "/" + each.getLocalId())
            .collect(Collectors.toSet());
    states = Map.of();
    return true;
  }

  /**
   * Returns whether to ask for a catalogue, because the node has announced one that has not
   * arrived. All nodes answer, so the time until the next attempt is doubled each time, up to 1
   * min.
   */
  boolean isCatalogueDue(long now) {
    if (catalogueVersion >= announcedVersion || now - askAt < 0) {
      return false;
    }
    askAt = now + askDelayNanos;
    askDelayNanos = Math.min(2 * askDelayNanos, MAX_ASK_DELAY_NANOS);
    return true;
  }

  /**
   * Notes the states of the devices, at most once per second: a node that sends more heartbeats
   * makes no more changes. Returns whether one has changed.
   */
  boolean onStates(Heartbeat heartbeat, long now) {
    if (heartbeat.getCatalogueVersion() != catalogueVersion
        || (!states.isEmpty() && now - statesAt < MIN_STATE_NANOS)) {
      return false;
    }
    Map<String, RemoteState> next = new HashMap<>();
    for (int i = 0; i < order.size(); i++) {
      RemoteState state = Messages.remoteState(heartbeat, i);
      if (state != null) {
        next.put(order.get(i), state);
      }
    }
    statesAt = now;
    boolean changed = !next.equals(states);
    states = next;
    return changed;
  }

  /** Returns the state of a device. */
  RemoteState state(String id) {
    return silent
        ? new RemoteState(RemoteState.State.NOT_RESPONDING, 0)
        : states.getOrDefault(id, new RemoteState(RemoteState.State.CLOSED, 0));
  }

  /** Notes whether the node is silent. Returns whether that has changed. */
  boolean updateSilent(long now) {
    boolean before = silent;
    silent = silentNanos(now) > Timing.NODE_TIMEOUT.toNanos();
    return silent != before;
  }

  /** Returns for how long nothing was heard, in nanoseconds. */
  long silentNanos(long now) {
    return now - heardAt;
  }

  /** Returns the time of the clock that numbers the node's epochs, or an earlier one. */
  long epochMicros(long now) {
    return epochOffsetMicros + now / 1_000;
  }

  /** Returns how much the node's wall clock is ahead of that of this machine. */
  long clockOffsetNanos() {
    return clockOffsetNanos;
  }

  /**
   * Returns whether its wall clock is too far from that of this machine. The first heartbeats do
   * not say how long the way takes.
   */
  boolean hasOtherClock() {
    return heartbeats >= MIN_HEARTBEATS && Math.abs(clockOffsetNanos) > MAX_CLOCK_OFFSET_NANOS;
  }

  /** Returns the version of the node's server. */
  String version() {
    return version;
  }

  Map<String, DeviceDescriptor> devices() {
    return devices;
  }

  /** Returns whether the engine records a device. */
  boolean isRecorded(String id) {
    return recorded.contains(id);
  }

  @Nullable DeviceDescriptor device(String id) {
    return devices.get(id);
  }
}
