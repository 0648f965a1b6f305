package dev.lavalier.simulation;

import dev.lavalier.audio.PcmFormat;
import dev.lavalier.capture.Capture;
import dev.lavalier.capture.CaptureListener;
import dev.lavalier.capture.DeviceDescriptor;
import dev.lavalier.capture.Loss;
import dev.lavalier.capture.Period;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One opening of a microphone of a node: what it captured, and when. The first channel has the
 * number of each sample, and the second one the tag of the opening, so that a subscriber can check
 * where a sample belongs. A conversion of the rate preserves both.
 */
final class FleetCapture implements Capture {

  static final VarHandle INT =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);

  private static final int PERIODS_PER_SECOND = 100;

  private final DeviceDescriptor device;
  private final int tag;
  private final FleetMachine machine;
  private final Scheduler scheduler;
  private final SimulatedThread reader;
  private final Consumer<FleetCapture> onClose;
  private @Nullable CaptureListener listener;
  private long startedAt; // time of the scheduler
  private long startUnixNanos;
  private long index;
  private long periods;
  private final List<long[]> lost = new ArrayList<>(); // first sample, and the one after the last

  /** The openings of all nodes. */
  static final class Registry {
    private final Map<String, Map<Long, FleetCapture>> byDevice = new HashMap<>(); // then by epoch
    private int tags;

    /** Returns the next tag, from 1 to 30000. */
    int nextTag() {
      return 1 + tags++ % 30_000;
    }

    /** Adds an opening. Returns the one that has the same number; null if none has. */
    @Nullable FleetCapture put(String device, long epoch, FleetCapture capture) {
      return byDevice.computeIfAbsent(device, d -> new HashMap<>()).put(epoch, capture);
    }

    @Nullable FleetCapture get(String device, long epoch) {
      return byDevice.getOrDefault(device, Map.of()).get(epoch);
    }
  }

  FleetCapture(
      DeviceDescriptor device,
      int tag,
      FleetMachine machine,
      Scheduler scheduler,
      Consumer<FleetCapture> onClose) {
    this.device = device;
    this.tag = tag;
    this.machine = machine;
    this.scheduler = scheduler;
    this.reader = machine.newThread("reader-" + device.id());
    this.onClose = onClose;
  }

  /** Returns the value of a channel, at a position between two samples or at one. */
  double value(int channel, double position) {
    return channel == 0 ? position : tag << 16;
  }

  /** Returns the unix time at which a sample was captured, by the clock of the node. */
  long unixNanos(PcmFormat delivered, long sample) {
    return startUnixNanos + delivered.nanosOf(sample);
  }

  /** Returns the time of the scheduler at which a delivered sample was captured. */
  long capturedAt(PcmFormat delivered, long sample) {
    return startedAt + delivered.nanosOf(sample);
  }

  /** Returns how many samples the device lost between two captured samples. */
  long lostBetween(double from, double to) {
    return lost.stream()
        .mapToLong(
            each -> Math.max(0, Math.min((long) to, each[1]) - Math.max((long) from, each[0])))
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
    scheduler.at(capturedAt(format(), index + periodSamples()), reader, this::deliver);
  }

  private void deliver() {
    CaptureListener receiver = listener;
    int count = periodSamples();
    if (receiver == null || scheduler.now() < capturedAt(format(), index + count)) {
      return; // stopped, or samples were lost in the meantime
    }
    byte[] pcm = new byte[count * 8];
    for (int k = 0; k < count; k++) {
      INT.set(pcm, 8 * k, (int) (index + k));
      INT.set(pcm, 8 * k + 4, tag << 16);
    }
    long now = machine.time.nanoTime();
    long captured = now - (scheduler.now() - capturedAt(format(), index));
    long unix = unixNanos(format(), index);
    receiver.onPeriod(new Period(pcm, count, index, captured, unix, now, Loss.OVERRUN));
    index += count;
    periods++;
    scheduleNext();
  }

  /** Loses samples, from now on. */
  void lose(int samples) {
    if (listener != null) {
      lost.add(new long[] {index, index + samples});
      index += samples;
      scheduleNext();
    }
  }

  /** Is lost. */
  void unplug() {
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
    return device.captureFormat();
  }

  @Override
  public int periodSamples() {
    return format().sampleRateHz() / PERIODS_PER_SECOND;
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
    onClose.accept(this);
    scheduler.remove(reader);
  }
}
