package dev.lavalier.fleet;

import dev.lavalier.capture.DeviceDescriptor;
import dev.lavalier.fleet.v1.Catalogue;
import dev.lavalier.fleet.v1.Heartbeat;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What an edge knows of one process of a node. Guarded by its {@link FleetDevices}, except the
 * clock.
 */
final class NodeView {

  final HopClock clock = new HopClock();
  final long boot;
  private final long startMicros;
  private long heardAt; // steady time of this machine
  private long unixNanos; // of the node at that time
  private long announcedVersion;
  private long version; // of the devices; 0: none yet
  private Map<String, DeviceDescriptor> devices = Map.of();

  /** Creates a view from the first heartbeat. */
  NodeView(Heartbeat first, long now) {
    this.boot = first.getBoot();
    this.startMicros = first.getStartUnixMicros();
    onHeartbeat(first, now);
  }

  /** Returns whether a heartbeat is of a process that started later. */
  boolean isReplacedBy(Heartbeat other) {
    return other.getStartUnixMicros() > startMicros
        || (other.getStartUnixMicros() == startMicros
            && Long.compareUnsigned(other.getBoot(), boot) > 0);
  }

  /** Notes a heartbeat of this process. */
  void onHeartbeat(Heartbeat heartbeat, long now) {
    var unused = clock.waited(heartbeat.getSteadyNanos(), now);
    heardAt = now;
    unixNanos = heartbeat.getUnixNanos();
    announcedVersion = Math.max(announcedVersion, heartbeat.getCatalogueVersion());
  }

  /** Notes a catalogue of this process. Returns whether it is a new one. */
  boolean onCatalogue(String node, Catalogue catalogue) {
    if (catalogue.getVersion() <= version) {
      return false; // overtaken
    }
    version = catalogue.getVersion();
    devices = Messages.devices(node, catalogue);
    return true;
  }

  /** Returns whether the node has announced a catalogue that has not arrived. */
  boolean lacksCatalogue() {
    return version < announcedVersion;
  }

  /** Returns for how long nothing was heard, in nanoseconds. */
  long silentNanos(long now) {
    return now - heardAt;
  }

  /** Returns the time of the node's wall clock, or an earlier one. */
  long unixNanos(long now) {
    return unixNanos + silentNanos(now);
  }

  Map<String, DeviceDescriptor> devices() {
    return devices;
  }

  @Nullable DeviceDescriptor device(String id) {
    return devices.get(id);
  }
}
