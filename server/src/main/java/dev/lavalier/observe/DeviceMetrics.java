package dev.lavalier.observe;

import dev.lavalier.capture.LossCause;
import dev.lavalier.pipeline.Gap;
import dev.lavalier.pipeline.StreamMetrics;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/**
 * The metrics of one device, for as long as the server runs: if a device disappears and returns,
 * its counters continue. Safe for use from any thread. Concurrent updates by several delivery loops
 * are cheap.
 */
final class DeviceMetrics implements StreamMetrics {

  /** The value of a metric that is not known, or no longer known. */
  static final double UNKNOWN = Double.NaN;

  static final Duration[] AGE_BUCKETS = milliseconds(1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 5e3);
  private static final Duration[] JITTER_BUCKETS =
      milliseconds(0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 500);

  private final LongAdder framesSent = new LongAdder();
  private final LongAdder bytesSent = new LongAdder();
  private final LongAdder samplesCaptured = new LongAdder();
  private final Map<LossCause, LongAdder> samplesLost = new EnumMap<>(LossCause.class);
  private final Timer queueAge;
  private final Timer jitter;
  private final LongAdder openings = new LongAdder();
  private final LongAdder losses = new LongAdder();
  private final LongAdder reopenings = new LongAdder();
  private final LongAdder subscriptions = new LongAdder();
  private final LongAdder samplesOverrun = new LongAdder();
  private volatile double clockDrift = UNKNOWN;
  private volatile double peakLevel = UNKNOWN;
  private volatile double rmsLevel = UNKNOWN;

  DeviceMetrics(String deviceId, MeterRegistry registry) {
    Tags device = Tags.of("device", deviceId);
    count(registry, device, framesSent, "frames.sent", null, "Frames passed to the transport");
    count(
        registry,
        device,
        bytesSent,
        "sent",
        "bytes",
        "Size of the sent frames as messages, before HTTP/2 and TLS");
    count(
        registry,
        device,
        samplesCaptured,
        "samples.captured",
        null,
        "Samples per channel read from the device");
    for (LossCause cause : LossCause.values()) {
      LongAdder lost = new LongAdder();
      samplesLost.put(cause, lost);
      count(
          registry,
          device.and("cause", cause.name().toLowerCase(Locale.ROOT)),
          lost,
          "samples.lost",
          null,
          "Samples per channel reported missing, summed over all subscribers");
    }
    queueAge =
        Timer.builder(Metrics.PREFIX + "queue.age")
            .description(
                "Time from reading the last sample of a frame to passing the frame to the"
                    + " transport")
            .tags(device)
            .serviceLevelObjectives(AGE_BUCKETS)
            .register(registry);
    jitter =
        Timer.builder(Metrics.PREFIX + "reader.unevenness")
            .description(
                "Jitter: difference between the time between two reads and the length of a period")
            .tags(device)
            .serviceLevelObjectives(JITTER_BUCKETS)
            .register(registry);
    count(registry, device, openings, "device.openings", null, "Times the device was opened");
    count(registry, device, losses, "device.losses", null, "Times the open device was lost");
    count(
        registry,
        device,
        reopenings,
        "device.reopenings",
        null,
        "Times a lost device delivered audio again");
    count(
        registry,
        device,
        samplesOverrun,
        "device.overrun.samples",
        null,
        "Samples per channel that were lost before the server read them, estimated");
    count(registry, device, subscriptions, "subscriptions", null, "Subscriptions started");
  }

  private static void count(
      MeterRegistry registry,
      Tags tags,
      LongAdder adder,
      String name,
      @Nullable String unit,
      String help) {
    FunctionCounter.builder(Metrics.PREFIX + name, adder, LongAdder::sum)
        .tags(tags)
        .baseUnit(unit)
        .description(help)
        .register(registry);
  }

  private static Duration[] milliseconds(double... each) {
    Duration[] durations = new Duration[each.length];
    for (int i = 0; i < each.length; i++) {
      durations[i] = Duration.ofNanos(Math.round(each[i] * 1e6));
    }
    return durations;
  }

  @Override
  public void onFrameSent(int bytes, long ageNanos) {
    framesSent.increment();
    bytesSent.add(bytes);
    // A frame may have been read after its delivery loop read the clock.
    queueAge.record(Math.max(0, ageNanos), TimeUnit.NANOSECONDS);
  }

  @Override
  public void onSamplesLost(Gap gap) {
    for (Gap.Part part : gap.parts()) {
      samplesLost.get(part.loss().cause()).add(part.sampleCount());
    }
  }

  @Override
  public void onPeriod(int samples, long jitterNanos) {
    samplesCaptured.add(samples);
    jitter.record(jitterNanos, TimeUnit.NANOSECONDS);
  }

  @Override
  public void onClock(double ppm) {
    clockDrift = ppm / 1e6;
  }

  @Override
  public void onLevel(double peak, double rms) {
    peakLevel = peak;
    rmsLevel = rms;
  }

  void onOpened() {
    forgetLevel(); // of an earlier epoch, whose capture thread may have ended late
    openings.increment();
  }

  void onClosed() {
    clockDrift = UNKNOWN;
    forgetLevel();
  }

  private void forgetLevel() {
    peakLevel = UNKNOWN;
    rmsLevel = UNKNOWN;
  }

  void onLost() {
    losses.increment();
  }

  void onRecovered() {
    reopenings.increment();
  }

  void onOverrun(long samples) {
    samplesOverrun.add(samples);
  }

  void onSubscribed() {
    subscriptions.increment();
  }

  /**
   * Returns the highest absolute value of all channels in the last second, as a share of full
   * scale; {@link #UNKNOWN} if the device was not open for a second.
   */
  double peakLevel() {
    return peakLevel;
  }

  /** Returns the RMS of the loudest channel in the same second; {@link #UNKNOWN} likewise. */
  double rmsLevel() {
    return rmsLevel;
  }

  /**
   * Returns the relative clock drift, positive if the clock of the device is fast; {@link #UNKNOWN}
   * if it is not known, for example if the device is closed.
   */
  double clockDrift() {
    return clockDrift;
  }
}
