package dev.lavalier.observe;

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

/**
 * One device's figures, for as long as the server runs: a device that comes back goes on counting.
 * Safe for use from any thread, and made for several lanes that count at once.
 */
final class DeviceMetrics implements StreamMetrics {

  /** Not told, or not true any more. */
  static final double UNKNOWN = Double.NaN;

  private static final Duration[] AGE_BUCKETS =
      milliseconds(1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 5e3);
  private static final Duration[] JITTER_BUCKETS =
      milliseconds(0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 500);

  private final LongAdder framesSent = new LongAdder();
  private final LongAdder bytesSent = new LongAdder();
  private final LongAdder samplesCaptured = new LongAdder();
  private final Map<Gap.Cause, LongAdder> samplesLost = new EnumMap<>(Gap.Cause.class);
  private final Timer queueAge;
  private final Timer jitter;
  private final LongAdder openings = new LongAdder();
  private final LongAdder losses = new LongAdder();
  private final LongAdder reopenings = new LongAdder();
  private final LongAdder subscriptions = new LongAdder();
  private final LongAdder samplesOverrun = new LongAdder();
  private volatile double clockDrift = UNKNOWN;

  DeviceMetrics(String deviceId, MeterRegistry registry) {
    Tags device = Tags.of("device", deviceId);
    count(registry, device, framesSent, "frames.sent", null, "Frames given to the transport");
    count(
        registry,
        device,
        bytesSent,
        "sent",
        "bytes",
        "Size of those frames as messages, before HTTP/2 and TLS");
    count(
        registry,
        device,
        samplesCaptured,
        "samples.captured",
        null,
        "Samples per channel read from the device");
    for (Gap.Cause cause : Gap.Cause.values()) {
      LongAdder lost = new LongAdder();
      samplesLost.put(cause, lost);
      count(
          registry,
          device.and("cause", cause.name().toLowerCase(Locale.ROOT)),
          lost,
          "samples.lost",
          null,
          "Samples per channel that subscribers were told they did not get, over all of them");
    }
    queueAge =
        Timer.builder(Metrics.PREFIX + "queue.age")
            .description("Time from a frame's last sample being read to its being given away")
            .tags(device)
            .serviceLevelObjectives(AGE_BUCKETS)
            .register(registry);
    jitter =
        Timer.builder(Metrics.PREFIX + "reader.unevenness")
            .description("How far apart from a period's length two reads were")
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
        "Times the lost device gave audio again");
    count(
        registry,
        device,
        samplesOverrun,
        "device.overrun.samples",
        null,
        "Samples per channel that the open device lost, estimated from its clock");
    count(registry, device, subscriptions, "subscriptions", null, "Subscriptions begun");
  }

  private static void count(
      MeterRegistry registry, Tags tags, LongAdder adder, String name, String unit, String help) {
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
    // A frame may have been read after its lane had looked at the clock.
    queueAge.record(Math.max(0, ageNanos), TimeUnit.NANOSECONDS);
  }

  @Override
  public void onSamplesLost(Gap gap) {
    samplesLost.get(gap.cause()).add(gap.sampleCount());
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

  void onOpened() {
    openings.increment();
  }

  void onClosed() {
    clockDrift = UNKNOWN;
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

  /** Returns by how much its clock runs fast; {@link #UNKNOWN} while it is not open, say. */
  double clockDrift() {
    return clockDrift;
  }
}
