package dev.lavalier.simulation;

import com.google.protobuf.InvalidProtocolBufferException;
import dev.lavalier.audio.PcmFormat;
import dev.lavalier.audio.SampleEncoding;
import dev.lavalier.capture.Capture;
import dev.lavalier.capture.DeviceDescriptor;
import dev.lavalier.capture.Devices;
import dev.lavalier.common.StreamException;
import dev.lavalier.common.StreamException.Reason;
import dev.lavalier.fleet.Link;
import dev.lavalier.fleet.v1.ControlRequest;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The microphones of a process of a node. Checks that a microphone is opened once, and that it is
 * open only while an edge needs it.
 */
final class FleetMicrophones implements Devices {

  private static final long LEASE_NANOS = 5_000_000_000L;

  /** A device is closed this long after its leases have expired: a tick, and a call. */
  private static final long CLOSING_NANOS = 1_000_000_000L;

  private final String node;
  private final FleetMachine machine;
  private final FleetWorld world;
  private final SimulatedThread checks;
  private final List<DeviceDescriptor> devices = new ArrayList<>();
  private final Map<String, FleetCapture> open = new HashMap<>();
  private final Map<String, FleetCapture> last = new HashMap<>(); // the last opening of each device
  private final Map<String, Long> neededAt = new HashMap<>(); // when an edge last asked for it
  private boolean unplugged;

  FleetMicrophones(String node, int count, int rateHz, FleetMachine machine, FleetWorld world) {
    this.node = node;
    this.machine = machine;
    this.world = world;
    this.checks = machine.newThread("checks");
    PcmFormat format = new PcmFormat(SampleEncoding.S32LE, rateHz, 2);
    for (int i = 0; i < count; i++) {
      devices.add(new DeviceDescriptor("mic" + i, "mic" + i, "", "", i == 0, format, List.of()));
    }
    machine.link.setMonitor(this::onMessage);
  }

  /** Notes the number that the hub has given to the last opening of a device. */
  void onOpened(String device, long epoch) {
    FleetCapture before = world.captures().put(node + "/" + device, epoch, last.get(device));
    world.check(before == null, () -> "%s/%s: epoch %d again".formatted(node, device, epoch));
  }

  /** Returns the ids of the devices that are open. */
  List<String> openDevices() {
    return List.copyOf(open.keySet());
  }

  /** Loses samples of each open device. */
  void loseSamples(int samples) {
    open.values().forEach(each -> each.lose(samples));
  }

  /** Removes all devices, or returns them. */
  void setUnplugged(boolean next) {
    unplugged = next;
    if (next) {
      List.copyOf(open.values()).forEach(FleetCapture::unplug);
    }
  }

  private void onMessage(Link.Message message) {
    if (!message.subject().contains(".ctl.")) {
      return;
    }
    try {
      ControlRequest request = ControlRequest.parseFrom(message.payload());
      if (request.hasOpen()) {
        onNeeded(request.getOpen().getLocalId());
      }
      request.getRenew().getLocalIdsList().forEach(this::onNeeded);
    } catch (InvalidProtocolBufferException e) {
      world.trace(() -> node + " gets garbage");
    }
  }

  private void onNeeded(String device) {
    neededAt.put(device, world.scheduler().now());
    scheduleCheck(device);
  }

  /** The time passes without a step of the node, so the check is a step of its own. */
  private void scheduleCheck(String device) {
    long deadline = neededAt.getOrDefault(device, 0L) + LEASE_NANOS + CLOSING_NANOS;
    world.scheduler().at(deadline + 1, checks, () -> checkNeeded(device));
  }

  private void checkNeeded(String device) {
    long since = world.scheduler().now() - neededAt.getOrDefault(device, 0L);
    world.check(
        !open.containsKey(device) || since <= LEASE_NANOS + CLOSING_NANOS,
        () -> "%s/%s is open without a lease".formatted(node, device));
  }

  @Override
  public void start() {}

  @Override
  public List<DeviceDescriptor> list() {
    return devices;
  }

  @Override
  public void onChange(Runnable listener) {}

  @Override
  public Capture open(String deviceId) throws StreamException {
    if (unplugged) {
      throw new StreamException(Reason.DEVICE_LOST, deviceId + " is unplugged");
    }
    world.check(!open.containsKey(deviceId), () -> deviceId + " is opened twice");
    DeviceDescriptor device =
        devices.stream().filter(each -> each.id().equals(deviceId)).findFirst().orElseThrow();
    FleetCapture capture =
        new FleetCapture(
            device, world.captures().nextTag(), machine, world.scheduler(), this::onClosed);
    open.put(deviceId, capture);
    last.put(deviceId, capture);
    checkNeeded(deviceId);
    return capture;
  }

  private void onClosed(FleetCapture capture) {
    open.remove(capture.device().id(), capture);
  }

  @Override
  public void close() {}
}
