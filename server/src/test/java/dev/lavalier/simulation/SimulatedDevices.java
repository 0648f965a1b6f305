package dev.lavalier.simulation;

import dev.lavalier.audio.PcmFormat;
import dev.lavalier.capture.Capture;
import dev.lavalier.capture.DeviceDescriptor;
import dev.lavalier.capture.Devices;
import dev.lavalier.capture.SupportedFormat;
import dev.lavalier.capture.javasound.SimulatedSoundSystem;
import dev.lavalier.capture.line.LineSettings;
import dev.lavalier.capture.line.SteppedCapture;
import dev.lavalier.common.StreamException;
import dev.lavalier.common.StreamException.Reason;
import dev.lavalier.simulation.SimulatedDevice.InjectedError;
import dev.lavalier.simulation.SimulatedDevice.Kept;
import dev.lavalier.simulation.SimulatedDevice.OpenedLine;
import java.lang.ref.WeakReference;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import javax.sound.sampled.Mixer;
import org.jspecify.annotations.Nullable;

/**
 * The sound system: reports the mixers of the plugged devices, and opens them. It reports mixers,
 * not ids: the registry of the server assigns the ids.
 */
final class SimulatedDevices extends SimulatedSoundSystem {

  private static final PcmFormat PREFERRED = PcmFormat.parse("8000/1/f32le"); // devices have one

  private final Scheduler scheduler;
  private final VirtualTime time;
  private final Violations violations;
  private final MixerNames names;
  private final SimulatedRegistry registry;
  private final Devices devices;
  private final List<SimulatedDevice> order; // of the reports; also devices that are not plugged in
  private final Map<String, SimulatedDevice> owners = new HashMap<>(); // of ids that were opened
  private final Map<String, OpenedLine> lastOpened = new HashMap<>(); // by id
  private @Nullable Throwable nextReport; // fails with this; null: succeeds
  private boolean nextReportEmpty;
  private boolean healing; // all devices are being plugged in
  private long reports;

  SimulatedDevices(
      Scheduler scheduler, VirtualTime time, Violations violations, Scenario scenario) {
    this.scheduler = scheduler;
    this.time = time;
    this.violations = violations;
    this.names = scenario.names();
    this.registry = new SimulatedRegistry(scheduler);
    this.order = new ArrayList<>(scenario.devices());
    this.devices = devices(new LineSettings(id -> PREFERRED, id -> true, time), registry);
    for (SimulatedDevice device : order) {
      if (device.plugged) {
        device.card = names.cardOf(device, order);
        device.mixer = names.newMixer(device, order);
      }
    }
  }

  /** Returns the devices with their ids, as the hub uses them. */
  Devices devices() {
    return devices;
  }

  SimulatedThread registry() {
    return registry.thread();
  }

  /** Returns how many reports of the sound system have succeeded. */
  long reports() {
    return reports;
  }

  /** Returns whether the registry lists an id. */
  boolean isListed(String id) {
    for (DeviceDescriptor each : devices.list()) {
      if (each.id().equals(id)) {
        return true;
      }
    }
    return false;
  }

  /**
   * Returns the device that an id denotes; an equal one if that is not known, because the id was
   * not opened yet.
   */
  SimulatedDevice deviceOf(DeviceDescriptor listed) {
    SimulatedDevice owner = owners.get(listed.id());
    if (owner != null) {
      return owner;
    }
    return order.stream()
        .filter(each -> listed.name().startsWith(each.model))
        .findFirst()
        .orElseThrow();
  }

  /** Returns the device that an id denotes, or another one if the id was not opened yet. */
  SimulatedDevice deviceOf(String id, SimulatedDevice otherwise) {
    return owners.getOrDefault(id, otherwise);
  }

  /** Returns the device that was opened with an id. */
  SimulatedDevice opened(String id) {
    return owners.get(id);
  }

  /** Records the epoch of the line that was opened last with an id. */
  void epochStarted(String id, long epoch) {
    owners.get(id).epochStarted(epoch, lastOpened.get(id).line);
  }

  // Faults.

  /**
   * Returns whether a device may be plugged in or removed now. If two equal devices change between
   * two reports, nothing can tell which of them is left.
   */
  boolean mayChange(SimulatedDevice device) {
    return twins(device).stream().noneMatch(each -> each != device && each.changed);
  }

  void unplug(SimulatedDevice device) {
    device.unplug();
    onChange(device);
  }

  /**
   * Plugs a device in.
   *
   * @param position of its mixer; ignored if no report has shown that the device was removed
   */
  void plug(SimulatedDevice device, int position) {
    if (!device.changed) {
      order.remove(device);
      order.add(position, device);
    }
    device.plugged = true;
    device.card = names.cardOf(device, order);
    device.mixer = names.newMixer(device, order);
    onChange(device);
  }

  private void onChange(SimulatedDevice device) {
    device.changed = true;
    List<SimulatedDevice> twins = twins(device);
    if (twins.size() > 1) {
      twins.forEach(each -> each.wasFaulty = true); // they may get new ids
      // A device that is plugged in, but was always in use since, is not recognized yet.
      boolean severalRemoved =
          twins.stream().filter(each -> !each.plugged || !each.known).count() > 1;
      if (severalRemoved || names == MixerNames.NEW_MIXERS) {
        twins.forEach(each -> each.losesId = true);
      }
    }
    if (names != MixerNames.SAME_MIXERS) {
      for (SimulatedDevice each : order) {
        if (each.plugged) {
          each.mixer = names.newMixer(each, order);
        }
      }
    }
  }

  private List<SimulatedDevice> twins(SimulatedDevice device) {
    return order.stream().filter(each -> each.model.equals(device.model)).toList();
  }

  /** Lets the next report fail, or contain no device if {@code failure} is null. */
  void failNextReport(@Nullable Throwable failure) {
    nextReport = failure;
    nextReportEmpty = failure == null;
    order.forEach(each -> each.wasFaulty = true);
  }

  /** Ends all faults. Of equal devices that are not plugged in, one is plugged in per report. */
  void endFaults() {
    nextReport = null;
    nextReportEmpty = false;
    healing = true;
    plugAll();
    order.forEach(device -> device.usedByOthers = false);
  }

  private void plugAll() {
    for (SimulatedDevice device : List.copyOf(order)) {
      if (!device.plugged && mayChange(device)) {
        plug(device, order.size() - 1);
      }
    }
  }

  // The sound system.

  @Override
  public List<Mixer.Info> mixers() {
    Throwable failure = nextReport;
    nextReport = null;
    if (failure != null) {
      SimulatedDevice.throwUnchecked(failure);
    }
    reports++;
    boolean empty = nextReportEmpty;
    nextReportEmpty = false;
    List<Mixer.Info> mixers = new ArrayList<>();
    for (SimulatedDevice each : order) {
      each.changed = false;
      each.reported = each.plugged && !empty;
      // A unique name shows that a device has returned, even if it lists no formats.
      each.known = (each.known && (each.reported || names == MixerNames.ALSA));
      each.known |= each.reported && !each.isBusy();
      if (each.reported) {
        mixers.add(each.mixer);
      } else if (empty) {
        each.losesId |= twins(each).size() > 1;
      }
    }
    if (healing && order.stream().anyMatch(each -> !each.plugged)) {
      registry().add(this::plugAll);
    }
    violations.trace(() -> "report: " + mixers.stream().map(Mixer.Info::getName).toList());
    return mixers;
  }

  @Override
  public List<SupportedFormat> formats(Mixer.Info mixer) {
    SimulatedDevice device = deviceOf(mixer);
    return device == null || device.isBusy() ? List.of() : device.formats;
  }

  private @Nullable SimulatedDevice deviceOf(Mixer.Info mixer) {
    for (SimulatedDevice each : order) {
      if (each.plugged && mixer.equals(each.mixer)) {
        return each;
      }
    }
    return null;
  }

  @Override
  public Capture open(Mixer.Info mixer, DeviceDescriptor descriptor) throws StreamException {
    SimulatedDevice device = deviceOf(mixer);
    if (device == null) {
      throw new StreamException(Reason.DEVICE_LOST, "the mixer is not valid");
    }
    String id = descriptor.id();
    SimulatedDevice owner = owners.putIfAbsent(id, device);
    violations.check(
        owner == null || owner == device, () -> id + " opens " + device + ", and denotes " + owner);
    device.failOpening();
    if (device.isBusy()) {
      throw new StreamException(Reason.DEVICE_BUSY, "in use");
    }
    violations.trace(() -> id + " opens " + device);
    SimulatedLine line = new SimulatedLine(device.properties, time);
    OpenedLine opened = new OpenedLine(line);
    device.lines.add(opened);
    lastOpened.put(id, opened);
    return new SteppedCapture(
        descriptor, line, Duration.ofMillis(device.periodMillis), time, new Reader(device, opened));
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
      device.pipelines.add(new Kept(new WeakReference<>(capture.listener()), opened));
      opened.reader = scheduler.newThread("reader-" + device, true);
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
