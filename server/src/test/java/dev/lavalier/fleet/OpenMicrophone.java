package dev.lavalier.fleet;

import dev.lavalier.audio.PcmFormat;
import dev.lavalier.capture.Capture;
import dev.lavalier.capture.CaptureListener;
import dev.lavalier.capture.DeviceDescriptor;
import dev.lavalier.capture.Devices;
import dev.lavalier.capture.Period;
import java.time.Duration;
import java.util.List;
import java.util.OptionalDouble;

/** One device, which can be opened once and delivers periods of silence as the test wants. */
final class OpenMicrophone implements Devices, Capture {

  private static final int PERIOD = 480;

  private final DeviceDescriptor device;
  private CaptureListener listener;
  private long delivered;

  OpenMicrophone(String id, PcmFormat format) {
    this.device = new DeviceDescriptor(id, id, "", "", true, format, List.of());
  }

  /** Delivers a period. */
  void deliver() {
    byte[] pcm = new byte[PERIOD * format().bytesPerSampleFrame()];
    listener.onPeriod(new Period(pcm, PERIOD, delivered * PERIOD, 0, 0, 0));
    delivered++;
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
    return OptionalDouble.empty();
  }

  @Override
  public void close() {}
}
