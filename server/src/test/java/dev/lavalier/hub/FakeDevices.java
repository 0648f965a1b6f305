package dev.lavalier.hub;

import dev.lavalier.audio.PcmFormat;
import dev.lavalier.audio.SampleEncoding;
import dev.lavalier.capture.Capture;
import dev.lavalier.capture.CaptureListener;
import dev.lavalier.capture.DeviceDescriptor;
import dev.lavalier.capture.Devices;
import dev.lavalier.capture.Period;
import dev.lavalier.capture.SupportedFormat;
import dev.lavalier.common.StreamException;
import dev.lavalier.common.TimeSource;
import dev.lavalier.pipeline.FrameCodec;
import dev.lavalier.pipeline.StartFrom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.ExecutorService;

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

  /** The name of the method of the devices or of a capture that throws. */
  String failing = "";

  /** The numbers and kept periods of the next capture, if the source makes them. */
  OptionalLong epoch = OptionalLong.empty();

  long startIndex;
  List<Period> kept = List.of();
  Duration maxDelay = Duration.ZERO;
  OptionalLong epochClockMicros = OptionalLong.empty();

  /** What it throws. */
  Throwable failure = new IllegalStateException("the device is broken");

  void failIn(String method) {
    if (method.equals(failing)) {
      sneakyThrow(failure);
    }
  }

  @SuppressWarnings("unchecked")
  static <T extends Throwable> void sneakyThrow(Throwable failure) throws T {
    throw (T) failure;
  }

  /** Returns a hub of these devices, whose open device has a history of 5 s. */
  Hub hub(
      TimeSource timeSource, HubObserver observer, Set<String> keptOpen, ExecutorService workers) {
    return new Hub(
        this,
        timeSource,
        new HubConfig(
            SubscriberLimits.DEFAULTS,
            ResourceLimits.NONE,
            Duration.ofSeconds(30),
            Duration.ofSeconds(5),
            keptOpen),
        observer,
        workers);
  }

  /** Returns a stream of the device from now on, as captured, whose frames wait for a minute. */
  static SubscriptionSpec spec(OnDeviceLoss onDeviceLoss) throws StreamException {
    return SubscriptionSpec.resolve(
        DESCRIPTOR,
        new SubscriptionSpec.Request(
            480,
            new SubscriptionSpec.RequestedFormat(Optional.empty(), 0, 0, List.of()),
            60_000,
            OverflowPolicy.DROP_OLDEST,
            onDeviceLoss,
            StartFrom.LIVE,
            FrameCodec.stateless(frame -> frame.pcm().clone()),
            false));
  }

  FakeCapture lastCapture() {
    return captures.get(captures.size() - 1);
  }

  @Override
  public void start() {}

  @Override
  public List<DeviceDescriptor> list() {
    return List.of(DESCRIPTOR);
  }

  @Override
  public void onChange(Runnable listener) {}

  @Override
  public OptionalLong epochClockMicros(String deviceId) {
    return epochClockMicros;
  }

  @Override
  public Capture open(String deviceId) {
    failIn("open");
    captures.add(new FakeCapture(this));
    return captures.get(captures.size() - 1);
  }

  @Override
  public void close() {}

  static final class FakeCapture implements Capture {
    private final FakeDevices devices;
    boolean started;
    boolean closed;
    CaptureListener listener;
    long periods;
    private final OptionalLong epoch;
    private final long startIndex;
    private final List<Period> kept;
    private long captured;

    FakeCapture(FakeDevices devices) {
      this.devices = devices;
      this.epoch = devices.epoch;
      this.startIndex = devices.startIndex;
      this.kept = devices.kept;
      this.captured = startIndex;
    }

    /** Delivers a period of 10 ms, after a loss of {@code lost} samples. */
    void deliver(long lost) {
      captured += lost;
      listener.onPeriod(new Period(new byte[960], 480, captured, 0, 0, 0));
      captured += 480;
      periods++;
    }

    @Override
    public DeviceDescriptor device() {
      devices.failIn("device");
      return DESCRIPTOR;
    }

    @Override
    public PcmFormat format() {
      return FORMAT;
    }

    @Override
    public int periodSamples() {
      devices.failIn("periodSamples");
      return 480;
    }

    @Override
    public OptionalLong epoch() {
      return epoch;
    }

    @Override
    public long startIndex() {
      return startIndex;
    }

    @Override
    public Duration maxDelay() {
      return devices.maxDelay;
    }

    @Override
    public List<Period> kept(Duration history) {
      return kept;
    }

    @Override
    public void start(CaptureListener receiver) {
      devices.failIn("start");
      started = true;
      listener = receiver;
    }

    @Override
    public boolean stop(Duration timeout) {
      devices.failIn("stop");
      return true;
    }

    @Override
    public long periods() {
      devices.failIn("periods");
      return periods;
    }

    @Override
    public Duration silenceTimeout(boolean first) {
      return Duration.ofSeconds(10);
    }

    @Override
    public OptionalDouble clockPpm() {
      devices.failIn("clockPpm");
      return OptionalDouble.empty();
    }

    @Override
    public void close() {
      closed = true;
      devices.failIn("close");
    }
  }
}
