package dev.lavalier.capture.line;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lavalier.audio.PcmFormat;
import dev.lavalier.capture.CaptureListener;
import dev.lavalier.capture.LossCause;
import dev.lavalier.capture.Period;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Map;
import java.util.Random;

/** Reads a scripted line in simulated time, and compares what is reported with the truth. */
final class LineSimulation implements CaptureListener {

  static final PcmFormat FORMAT = PcmFormat.parse("48000/1/s32le");
  static final int PERIOD = 480;
  static final int BUFFER = 9_600;
  private static final int SAMPLES_PER_MS = 48;

  final SimulatedTime time;
  final ScriptedAudioLine line;
  final LineReading reading;
  private final Random random = new Random(11);
  private Duration work = Duration.ZERO;
  private Duration firstWork = Duration.ZERO;
  private RuntimeException listenerFailure;
  private Error listenerError;

  final Map<LossCause, Long> reported = new EnumMap<>(LossCause.class);
  String lostReason;
  int lossReports;
  long delivered;
  long nextIndex;
  long lastLossAt; // steady time
  long lastPeriodAt; // steady time
  long lastUnixNanos;
  private long lastSerial = -1;

  // Extremes since the last call of measure().
  double maxCaptureErrorMs;
  double maxIndexErrorMs;
  double maxUnixErrorMs;
  double maxBackwardsMs;

  LineSimulation() {
    this(new SimulatedTime(), BUFFER);
  }

  LineSimulation(SimulatedTime time, int bufferSamples) {
    this.time = time;
    this.line = new ScriptedAudioLine(FORMAT, bufferSamples, time);
    this.reading = new LineReading(line, "scripted", PERIOD, time);
  }

  LineSimulation start() {
    reading.start(this);
    return this;
  }

  /** Sets how long the listener works on each period. */
  void works(Duration perPeriod) {
    work = perPeriod;
  }

  /** Sets how long the listener works on the next period. */
  void worksOnce(Duration once) {
    firstWork = once;
  }

  void failsInListener(RuntimeException failure) {
    listenerFailure = failure;
  }

  void failsInListener(Error failure) {
    listenerError = failure;
  }

  /** Runs for a steady time, with a little delay before each step, as a scheduler causes. */
  void run(Duration by) {
    long end = time.nanoTime() + by.toNanos();
    while (!reading.ended() && time.nanoTime() < end) {
      long next = reading.step();
      if (!reading.ended()) {
        time.parkUntil(Math.min(next, end));
        time.advance(Duration.ofNanos(1_000 + random.nextInt(60_000)));
      }
    }
  }

  /** Begins a new measurement of errors. */
  void measure() {
    maxCaptureErrorMs = 0;
    maxIndexErrorMs = 0;
    maxUnixErrorMs = 0;
    maxBackwardsMs = 0;
  }

  double reportedMs() {
    return (double) reported.values().stream().mapToLong(Long::longValue).sum() / SAMPLES_PER_MS;
  }

  double reportedMs(LossCause cause) {
    return (double) reported.getOrDefault(cause, 0L) / SAMPLES_PER_MS;
  }

  /** Returns how many milliseconds were captured and neither delivered nor left in the line. */
  double lostMs() {
    return (double) (lastSerial + 1 - delivered) / SAMPLES_PER_MS;
  }

  @Override
  public void onPeriod(Period period) {
    long serial = line.serialOf(period.pcm());
    assertThat(serial).isGreaterThan(lastSerial);
    assertThat(period.sampleIndex()).isGreaterThanOrEqualTo(nextIndex);
    if (period.sampleIndex() > nextIndex) {
      lossReports++;
      lastLossAt = period.readNanos();
      reported.merge(period.loss().cause(), period.sampleIndex() - nextIndex, Long::sum);
    }
    nextIndex = period.sampleIndex() + PERIOD;
    lastSerial = serial + PERIOD - 1;
    delivered += PERIOD;
    long truth = line.captureNanosOf(serial);
    maxCaptureErrorMs = max(maxCaptureErrorMs, period.captureNanos() - truth);
    maxIndexErrorMs =
        Math.max(
            maxIndexErrorMs, (double) Math.abs(period.sampleIndex() - serial) / SAMPLES_PER_MS);
    maxUnixErrorMs = max(maxUnixErrorMs, period.captureUnixNanos() - truth - time.wallOffset());
    if (lastUnixNanos > 0) {
      maxBackwardsMs = Math.max(maxBackwardsMs, (lastUnixNanos - period.captureUnixNanos()) / 1e6);
    }
    lastUnixNanos = period.captureUnixNanos();
    lastPeriodAt = period.readNanos();
    time.advance(work.plus(firstWork));
    firstWork = Duration.ZERO;
    if (listenerFailure != null) {
      throw listenerFailure;
    }
    if (listenerError != null) {
      throw listenerError;
    }
  }

  private static double max(double before, long nanos) {
    return Math.max(before, Math.abs(nanos / 1e6));
  }

  @Override
  public void onSilence(boolean silent) {}

  @Override
  public void onLost(String reason) {
    assertThat(lostReason).isNull();
    lostReason = reason;
  }
}
