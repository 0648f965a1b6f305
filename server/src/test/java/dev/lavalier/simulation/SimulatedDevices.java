package dev.lavalier.simulation;

import dev.lavalier.capture.Capture;
import dev.lavalier.capture.DeviceDescriptor;
import dev.lavalier.capture.Devices;
import dev.lavalier.capture.line.SteppedCapture;
import dev.lavalier.common.StreamException;
import dev.lavalier.common.StreamException.Reason;
import dev.lavalier.simulation.SimulatedDevice.InjectedError;
import dev.lavalier.simulation.SimulatedDevice.OpenedLine;
import java.lang.ref.WeakReference;
import java.time.Duration;
import java.util.List;

/** The sound system: lists the plugged devices every three seconds, and opens them. */
final class SimulatedDevices implements Devices {

  private static final long POLL_NANOS = 3_000_000_000L;

  private final Scheduler scheduler;
  private final VirtualTime time;
  private final SimulatedThread registry;
  private final List<SimulatedDevice> devices;
  private List<DeviceDescriptor> listed = List.of();
  private Runnable listener = () -> {};
  private boolean closed;

  SimulatedDevices(Scheduler scheduler, VirtualTime time, List<SimulatedDevice> devices) {
    this.scheduler = scheduler;
    this.time = time;
    this.registry = scheduler.newThread("registry", true);
    this.devices = devices;
  }

  SimulatedDevice byId(String id) {
    return devices.stream().filter(each -> each.id().equals(id)).findFirst().orElseThrow();
  }

  @Override
  public void start() {
    poll();
  }

  private void poll() {
    if (closed) {
      return;
    }
    List<DeviceDescriptor> now =
        devices.stream().filter(each -> each.plugged).map(each -> each.descriptor).toList();
    if (!now.equals(listed)) {
      listed = now;
      listener.run();
    }
    scheduler.at(scheduler.now() + POLL_NANOS, registry, this::poll);
  }

  @Override
  public List<DeviceDescriptor> list() {
    return listed;
  }

  @Override
  public void onChange(Runnable changed) {
    listener = changed;
  }

  @Override
  public Capture open(String deviceId) throws StreamException {
    SimulatedDevice device = byId(deviceId);
    device.failOpening();
    if (!device.plugged) {
      throw new StreamException(Reason.DEVICE_LOST, "unplugged");
    }
    if (device.exclusive && device.isOpen()) {
      throw new StreamException(Reason.DEVICE_BUSY, "another line is open");
    }
    SimulatedLine line = new SimulatedLine(device.properties, time);
    OpenedLine opened = new OpenedLine(line);
    device.opened(opened);
    return new SteppedCapture(
        device.descriptor,
        line,
        Duration.ofMillis(device.periodMillis),
        time,
        new Reader(device, opened));
  }

  @Override
  public void close() {
    closed = true;
  }

  /** Runs the steps of one capture on its thread. */
  private final class Reader implements SteppedCapture.Reader {
    private final SimulatedDevice device;
    private final OpenedLine opened;

    Reader(SimulatedDevice device, OpenedLine opened) {
      this.device = device;
      this.opened = opened;
    }

    @Override
    public void onStart(SteppedCapture capture) {
      device.pipelines.add(new WeakReference<>(capture.listener()));
      opened.reader = scheduler.newThread("reader-" + device.id(), true);
      opened.reader.add(() -> step(capture));
    }

    private void step(SteppedCapture capture) {
      long next;
      try {
        next = capture.run();
      } catch (InjectedError e) {
        end(); // as a thread that dies
        return;
      }
      if (capture.ended()) {
        end();
      } else {
        scheduler.at(Math.max(next, scheduler.now()), opened.reader, () -> step(capture));
      }
    }

    private void end() {
      if (opened.reader != null) {
        scheduler.remove(opened.reader);
        opened.reader = null;
      }
    }

    @Override
    public boolean onStop(SteppedCapture capture) {
      if (opened.reader != null && opened.reader.isFrozen()) {
        return false; // it ends with its next step
      }
      end();
      return true;
    }
  }
}
