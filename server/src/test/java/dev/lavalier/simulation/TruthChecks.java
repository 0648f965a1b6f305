package dev.lavalier.simulation;

import dev.lavalier.audio.Conversion;
import dev.lavalier.audio.SampleEncoding;
import dev.lavalier.pipeline.Frame;
import dev.lavalier.simulation.LineTruth.LostRun;
import dev.lavalier.simulation.RecordingCodec.Encoded;
import dev.lavalier.simulation.VirtualTime.ClockChange;
import java.util.ArrayList;
import java.util.List;

/**
 * Compares the frames of one stream and epoch with the samples that the line captured. The index of
 * a sample is the number of captured samples before it: those that were read, and those that were
 * counted as lost. Losses are estimated, so their count has a tolerance.
 */
final class TruthChecks {

  /** The error of an estimate. */
  static final long TOLERANCE_NANOS = 20_000_000L;

  /** A loss is counted when samples of this length have been read after it. */
  private static final long DETECTION_NANOS = LineTruth.SETTLING_NANOS;

  /** A loss within a period also makes the time of its first samples wrong. */
  private static final long MAX_PERIOD_NANOS = 50_000_000L;

  /** The precision of the length of a suspension. */
  private static final long SUSPEND_TOLERANCE_NANOS = 20_000_000L;

  /** A shorter suspension may not be noticed. */
  private static final long MIN_SUSPEND_NANOS = 130_000_000L;

  private final LineTruth line;
  private final Conversion conversion;
  private final Environment env;
  private final SampleEncoding captured;
  private final double ratio; // captured samples for each delivered one

  TruthChecks(LineTruth line, Conversion conversion, Environment env) {
    this.line = line;
    this.conversion = conversion;
    this.env = env;
    this.captured = conversion.captured().encoding();
    this.ratio =
        (double) conversion.captured().sampleRateHz() / conversion.delivered().sampleRateHz();
  }

  /** Returns by how much the capture time of a frame may be wrong, because of a pause before. */
  long uncertainNanos(Frame frame, double number) {
    return line.uncertainNanos(frame.readNanos()) + line.unseenNanosAfter(number);
  }

  /** Returns how much audio is missing between samples, and was not counted as lost. */
  long uncountedNanos(long index, double number) {
    return (long) ((number - index * ratio) * 1e9 / conversion.captured().sampleRateHz());
  }

  /** Checks a frame. Returns the number of its first sample; 0 if that is silent. */
  double check(Frame frame, Encoded encoded, int frameSize) {
    double first = SampleNumbers.number(captured, encoded.first());
    double last = SampleNumbers.number(captured, encoded.last());
    if (isSilent(first)) {
      return 0;
    }
    checkCounted(frame, frame.sampleIndex(), first);
    checkCounted(frame, frame.sampleIndex() + frameSize - 1, last);
    checkTime(frame, first);
    return first;
  }

  /** Returns whether samples at a number were silent, so that they do not show their number. */
  boolean isSilent(double number) {
    return line.isSilent(number, conversion.lookahead());
  }

  private void checkCounted(Frame frame, long index, double number) {
    if (line.isNearLoss(number, conversion.lookahead())) {
      return; // a conversion of the rate interpolates over a loss that was not detected
    }
    double before = line.lostBefore(number);
    double counted = index * ratio - number + before;
    double exact = conversion.isResampled() ? 2 + number * 1e-5 : 0.6;
    exact += conversion.isDithered() ? 1 : 0;
    if (line.lostTotal() == 0 && !line.isStartUnknown()) {
      require(Math.abs(counted) <= exact, frame, index, number, counted, 0);
      return;
    }
    double estimate = samples(TOLERANCE_NANOS);
    double old = before - recentlyLost(number);
    double undetected = samples(line.bufferNanos()) + estimate;
    if (line.isStartUnknown()) { // an empty line may have had samples that were held
      undetected += samples(line.longestHoldNanos());
    }
    double uncertain = samples(line.uncertainNanos(frame.readNanos()));
    double[] undecidable = undecidable(frame, number);
    double least = undecidable.length == 0 ? -exact : -exact - samples(SUSPEND_TOLERANCE_NANOS);
    double lowest = Math.max(least, old - line.lostAtStart() - undetected - uncertain);
    double suspends = samples(SUSPEND_TOLERANCE_NANOS) * suspensions(frame);
    double highest = before + estimate + suspends + uncertain + samples(line.unknownStartNanos());
    highest += line.lostSoonAfter(number, estimate); // counted before the samples in the line
    require(
        isBetween(lowest, highest, counted, undecidable, 0),
        frame,
        index,
        number,
        counted,
        line.lostTotal());
  }

  /** Returns how many samples before a number were lost, and may not have been detected yet. */
  private double recentlyLost(double number) {
    double before = line.lostBefore(number);
    double recent = 0;
    for (LostRun loss : line.losses()) {
      double end = loss.first() + loss.count();
      double readSince = number - end - (before - line.lostBefore(end));
      if (readSince <= samples(DETECTION_NANOS)) {
        recent += number > loss.first() ? (double) loss.count() : 0;
      }
    }
    return recent;
  }

  /**
   * Returns the changes of the wall clock before a frame was read that may count as suspensions or
   * not, in captured samples.
   *
   * <p>A suspension is noticed within a second. Until then, nothing shows whether the samples in
   * the line, or samples that are late, were captured before or after it. Samples that were
   * captured before it may be counted as captured after it, if the reader was late. On a machine
   * that does not measure suspensions, a suspension, and a stall of the device while the wall clock
   * is set, look the same. A suspension before the first read belongs to the start of the line.
   */
  private double[] undecidable(Frame frame, double number) {
    long captured = env.time().steadyNanosOf(line.physicalNanosOf(number));
    List<Double> samples = new ArrayList<>();
    for (ClockChange each : env.time().clockChanges()) {
      long since = frame.readNanos() - each.atSteady();
      if (since < 0) {
        continue;
      }
      boolean recent = since <= DETECTION_NANOS + line.bufferNanos() + line.longestHoldNanos();
      boolean atStart = each.atSteady() <= line.firstReadAt();
      if (!env.time().areSuspendsKnown()) {
        samples.add(samples(each.nanos()) * (each.isSuspension() ? -1 : 1));
      } else if (each.isSuspension() && (recent || atStart || each.nanos() <= MIN_SUSPEND_NANOS)) {
        samples.add(-samples(each.nanos()));
      }
      if (each.isSuspension() && (recent || captured <= each.atSteady())) {
        samples.add(samples(each.nanos()));
      }
    }
    return samples.stream().mapToDouble(each -> each).toArray();
  }

  /** Returns the number of suspensions before a frame was read. */
  private long suspensions(Frame frame) {
    return env.time().clockChanges().stream()
        .filter(each -> each.isSuspension() && each.atSteady() <= frame.readNanos())
        .count();
  }

  private static boolean isBetween(
      double lowest, double highest, double value, double[] undecidable, int from) {
    if (from == undecidable.length) {
      return value >= lowest && value <= highest;
    }
    return isBetween(lowest, highest, value, undecidable, from + 1)
        || isBetween(lowest, highest, value - undecidable[from], undecidable, from + 1);
  }

  private void require(
      boolean condition, Frame frame, long index, double number, double counted, long lost) {
    env.violations()
        .check(
            condition,
            () ->
                "sample %d of frame %d is number %.1f: %.1f samples were counted as lost (lost: %d)"
                    .formatted(index, frame.sampleIndex(), number, counted, lost));
  }

  /**
   * The capture time is the time at which the sample was captured. Losses that were not counted
   * make it too early. Samples that arrived late at the start, or that were lost in the line before
   * the reader saw it, make it too late.
   */
  private void checkTime(Frame frame, double number) {
    if (line.isNearLoss(number, conversion.lookahead())) {
      return; // the number is interpolated
    }
    long captured = env.time().steadyNanosOf(line.physicalNanosOf(number));
    long error = frame.captureNanos() - captured;
    long tolerance =
        TOLERANCE_NANOS
            + line.bufferNanos()
            + line.longestHoldNanos()
            + line.uncertainNanos(frame.readNanos())
            + (long)
                (recentlyLost(number + samples(MAX_PERIOD_NANOS))
                    * 1e9
                    / conversion.captured().sampleRateHz());
    env.violations()
        .check(
            error >= -tolerance && error <= tolerance + line.unseenNanosAfter(number),
            () ->
                "frame %d has a capture time that is wrong by %.3f ms"
                    .formatted(frame.sampleIndex(), error / 1e6));
  }

  private double samples(long nanos) {
    return nanos / 1e9 * conversion.captured().sampleRateHz();
  }
}
