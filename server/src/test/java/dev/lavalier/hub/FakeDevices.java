package dev.lavalier.hub;

import dev.lavalier.audio.PcmFormat;
import dev.lavalier.audio.SampleEncoding;
import dev.lavalier.capture.Capture;
import dev.lavalier.capture.CaptureListener;
import dev.lavalier.capture.DeviceDescriptor;
import dev.lavalier.capture.Devices;
import dev.lavalier.capture.SupportedFormat;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;

/** One device whose captures have no thread and fail as the test wants. Used by one thread. */
final class FakeDevices implements Devices {

  static final String DEVICE = "mic";
  static final PcmFormat FORMAT = new PcmFormat(SampleEncoding.S16LE, 48_000, 1);
  static final DeviceDescriptor DESCRIPTOR =
      new DeviceDescriptor(
          DEVICE,
          DEVICE,
          "",
          "",
          true,
          FORMAT,
          List.of(new SupportedFormat(SampleEncoding.S16LE, 48_000, 1)));

  final List<FakeCapture> captures = new ArrayList<>();
  boolean periodsFail;

  @Override
  public void start() {}

  @Override
  public List<DeviceDescriptor> list() {
    return List.of(DESCRIPTOR);
  }

  @Override
  public void onChange(Runnable listener) {}

  @Override
  public Capture open(String deviceId) {
    captures.add(new FakeCapture(periodsFail));
    return captures.get(captures.size() - 1);
  }

  @Override
  public void close() {}

  static final class FakeCapture implements Capture {
    private final boolean periodsFail;
    boolean started;
    boolean closed;

    FakeCapture(boolean periodsFail) {
      this.periodsFail = periodsFail;
    }

    @Override
    public DeviceDescriptor device() {
      return DESCRIPTOR;
    }

    @Override
    public PcmFormat format() {
      return FORMAT;
    }

    @Override
    public int periodSamples() {
      if (periodsFail) {
        throw new IllegalStateException("no period");
      }
      return 480;
    }

    @Override
    public void start(CaptureListener listener) {
      started = true;
    }

    @Override
    public boolean stop(Duration timeout) {
      return true;
    }

    @Override
    public long periods() {
      return 0;
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
    public void close() {
      closed = true;
    }
  }
}
