package dev.lavalier.simulation;

import dev.lavalier.audio.PcmFormat;
import dev.lavalier.audio.SampleEncoding;
import dev.lavalier.capture.Capture;
import dev.lavalier.capture.CaptureListener;
import dev.lavalier.capture.DeviceDescriptor;
import dev.lavalier.capture.Devices;
import dev.lavalier.capture.Loss;
import dev.lavalier.capture.Period;
import dev.lavalier.common.StreamException;
import dev.lavalier.common.StreamException.Reason;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import org.jspecify.annotations.Nullable;

/**
 * The microphones of a node. Each captured sample has a value that its number determines, so that a
 * subscriber can check where it belongs.
 */
final class FleetMicrophones implements Devices {

  static final PcmFormat FORMAT = new PcmFormat(SampleEncoding.S32LE, 8_000, 1);
  static final int PERIOD_SAMPLES = 80;

  private final FleetMachine machine;
  private final Scheduler scheduler;
  private final Violations violations;
  private final List<DeviceDescriptor> devices = new ArrayList<>();
  private final Map<String, Captured> open = new HashMap<>();
  private final Map<String, Captured> last = new HashMap<>(); // the last opening of each device
  private final Map<String, Captured> epochs; // of all nodes, by device id in the fleet and epoch
  private boolean unplugged;
  private int openings;

  FleetMicrophones(
      FleetMachine machine,
      int count,
      Scheduler scheduler,
      Violations violations,
      Map<String, Captured> epochs) {
    this.machine = machine;
    this.scheduler = scheduler;
    this.violations = violations;
    this.epochs = epochs;
    for (int i = 0; i < count; i++) {
      devices.add(new DeviceDescriptor("mic" + i, "mic" + i, "", "", i == 0, FORMAT, List.of()));
    }
  }

  /** Notes the number that the hub has given to the last opening of a device. */
  void onOpened(String device, long epoch) {
    epochs.put(key(machine.name + "/" + device, epoch), last.get(device));
  }

  static String key(String device, long epoch) {
    return device + "@" + epoch;
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
      List.copyOf(open.values()).forEach(Captured::unplug);
    }
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
    violations.check(!open.containsKey(deviceId), () -> deviceId + " is opened twice");
    DeviceDescriptor device =
        devices.stream().filter(each -> each.id().equals(deviceId)).findFirst().orElseThrow();
    Captured capture = new Captured(device, openings++);
    open.put(deviceId, capture);
    last.put(deviceId, capture);
    return capture;
  }

  @Override
  public void close() {}

  /** One opening of a microphone: what was captured, and when. */
  final class Captured implements Capture {
    private final DeviceDescriptor device;
    private final int number;
    private final SimulatedThread reader;
    private @Nullable CaptureListener listener;
    private long startedAt; // time of the scheduler
    private long startUnixNanos;
    private long index;
    private long periods;
    private final List<long[]> lost = new ArrayList<>(); // first sample, and the one after the last

    private Captured(DeviceDescriptor device, int number) {
      this.device = device;
      this.number = number;
      this.reader = machine.newThread("reader-" + device.id() + number);
    }

    /** Returns the value of a sample. */
    int value(long sample) {
      return (int) (sample * 7_919 + number * 104_729L + device.id().hashCode());
    }

    /** Returns the unix time at which a sample was captured, by the clock of the node. */
    long unixNanos(long sample) {
      return startUnixNanos + FORMAT.nanosOf(sample);
    }

    /** Returns the time of the scheduler at which a sample was captured. */
    long capturedAt(long sample) {
      return startedAt + FORMAT.nanosOf(sample);
    }

    /** Returns how many samples the device lost between two samples. */
    long lostBetween(long from, long to) {
      return lost.stream()
          .mapToLong(each -> Math.max(0, Math.min(to, each[1]) - Math.max(from, each[0])))
          .sum();
    }

    @Override
    public void start(CaptureListener receiver) {
      listener = receiver;
      startedAt = scheduler.now();
      startUnixNanos = machine.time.unixNanos();
      scheduleNext();
    }

    private void scheduleNext() {
      scheduler.at(capturedAt(index + PERIOD_SAMPLES), reader, this::deliver);
    }

    private void deliver() {
      CaptureListener receiver = listener;
      if (receiver == null || scheduler.now() < capturedAt(index + PERIOD_SAMPLES)) {
        return; // stopped, or samples were lost in the meantime
      }
      byte[] pcm = new byte[PERIOD_SAMPLES * 4];
      for (int k = 0; k < PERIOD_SAMPLES; k++) {
        int value = value(index + k);
        for (int b = 0; b < 4; b++) {
          pcm[4 * k + b] = (byte) (value >> (8 * b));
        }
      }
      long now = machine.time.nanoTime();
      long captured = now - (scheduler.now() - capturedAt(index));
      receiver.onPeriod(
          new Period(pcm, PERIOD_SAMPLES, index, captured, unixNanos(index), now, Loss.OVERRUN));
      index += PERIOD_SAMPLES;
      periods++;
      scheduleNext();
    }

    private void lose(int samples) {
      if (listener != null) {
        lost.add(new long[] {index, index + samples});
        index += samples;
        scheduleNext();
      }
    }

    private void unplug() {
      CaptureListener receiver = listener;
      listener = null;
      if (receiver != null) {
        scheduler.at(scheduler.now(), reader, () -> receiver.onLost("unplugged"));
      }
    }

    @Override
    public DeviceDescriptor device() {
      return device;
    }

    @Override
    public PcmFormat format() {
      return FORMAT;
    }

    @Override
    public int periodSamples() {
      return PERIOD_SAMPLES;
    }

    @Override
    public boolean stop(Duration timeout) {
      listener = null;
      return true;
    }

    @Override
    public long periods() {
      return periods;
    }

    @Override
    public Duration silenceTimeout(boolean first) {
      return Duration.ofSeconds(3);
    }

    @Override
    public OptionalDouble clockPpm() {
      return OptionalDouble.empty();
    }

    @Override
    public void close() {
      open.remove(device.id(), this);
      scheduler.remove(reader);
    }
  }
}
