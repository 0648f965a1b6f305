package dev.lavalier.fleet;

import dev.lavalier.audio.PcmFormat;
import dev.lavalier.capture.Capture;
import dev.lavalier.capture.CaptureListener;
import dev.lavalier.capture.DeviceDescriptor;
import dev.lavalier.capture.Devices;
import dev.lavalier.capture.Period;
import dev.lavalier.common.TimeSource;
import java.time.Duration;
import java.util.List;
import java.util.OptionalDouble;

/**
 * One device, which delivers periods of 10 ms as the test wants. The first byte of a period is its
 * number.
 */
public final class OpenMicrophone implements Devices, Capture {

  /** The samples of a period. */
  public static final int PERIOD = 480;

  private static final long PERIOD_NANOS = 10_000_000;

  private final DeviceDescriptor device;
  private final TimeSource time;
  private CaptureListener listener; // null: closed
  private long next; // index of the next sample
  private long delivered;
  private boolean silent;

  /** How much faster its clock is than that of the node, if that is known. */
  OptionalDouble clockPpm = OptionalDouble.empty();

  /** Creates a device that is closed. */
  public OpenMicrophone(String id, PcmFormat format, TimeSource time) {
    this.device = new DeviceDescriptor(id, id, "", "", true, format, List.of());
    this.time = time;
  }

  /** Delivers a period. */
  public void deliver() {
    byte[] pcm = new byte[PERIOD * format().bytesPerSampleFrame()];
    pcm[0] = silent ? 0 : (byte) (next / PERIOD);
    long now = time.nanoTime();
    listener.onPeriod(
        new Period(pcm, PERIOD, next, now - PERIOD_NANOS, time.unixNanos() - PERIOD_NANOS, now));
    next += PERIOD;
    delivered++;
  }

  /** Loses periods, as an overrun does. */
  void loseSamples(int periods) {
    next += (long) periods * PERIOD;
  }

  /** Delivers only zeros, and reports it; or other values again. */
  void setSilent(boolean next) {
    silent = next;
    listener.onSilence(next);
  }

  /** Returns whether it delivers to somebody. */
  public boolean isOpen() {
    return listener != null;
  }

  @Override
  public void start() {}

  @Override
  public List<DeviceDescriptor> list() {
    return List.of(device);
  }

  @Override
  public void onChange(Runnable changed) {}

  @Override
  public Capture open(String deviceId) {
    next = 0;
    return this;
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
    return PERIOD;
  }

  @Override
  public void start(CaptureListener receiver) {
    listener = receiver;
  }

  @Override
  public boolean stop(Duration timeout) {
    listener = null;
    return true;
  }

  @Override
  public long periods() {
    return delivered;
  }

  @Override
  public Duration silenceTimeout(boolean first) {
    return Duration.ofSeconds(10);
  }

  @Override
  public OptionalDouble clockPpm() {
    return clockPpm;
  }

  @Override
  public void close() {}
}
