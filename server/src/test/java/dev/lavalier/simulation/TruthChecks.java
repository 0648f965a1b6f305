package dev.lavalier.simulation;

import dev.lavalier.audio.Conversion;
import dev.lavalier.audio.SampleEncoding;
import dev.lavalier.pipeline.Frame;
import dev.lavalier.simulation.RecordingCodec.Encoded;
import dev.lavalier.simulation.SimulatedLine.LostRun;

/**
 * Compares the frames of one stream and epoch with the samples that the line captured. The index of
 * a sample is the number of captured samples before it: those that were read, and those that were
 * counted as lost. Losses are estimated, so their count has a tolerance.
 */
final class TruthChecks {

  /** The error of an estimate. */
  static final long TOLERANCE_NANOS = 60_000_000L;

  /** A loss is counted when samples of this length have been read after it. */
  private static final long DETECTION_NANOS = 1_000_000_000L;

  private final SimulatedLine line;
  private final Conversion conversion;
  private final Environment env;
  private final SampleEncoding captured;
  private final double ratio; // captured samples for each delivered one

  TruthChecks(SimulatedLine line, Conversion conversion, Environment env) {
    this.line = line;
    this.conversion = conversion;
    this.env = env;
    this.captured = conversion.captured().encoding();
    this.ratio =
        (double) conversion.captured().sampleRateHz() / conversion.delivered().sampleRateHz();
  }

  /** Returns how much audio is missing between samples, and was not counted as lost. */
  long uncountedNanos(long index, double number) {
    return (long) ((number - index * ratio) * 1e9 / conversion.captured().sampleRateHz());
  }

  /** Checks a frame. Returns the number of its first sample. */
  double check(Frame frame, Encoded encoded, int frameSize) {
    double first = SampleNumbers.number(captured, encoded.first());
    double last = SampleNumbers.number(captured, encoded.last());
    checkCounted(frame, frame.sampleIndex(), first);
    checkCounted(frame, frame.sampleIndex() + frameSize - 1, last);
    checkTime(frame, first);
    return first;
  }

  private void checkCounted(Frame frame, long index, double number) {
    if (line.isNearLoss(number, conversion.lookahead())) {
      return; // a conversion of the rate interpolates over a loss that was not detected
    }
    double before = line.lostBefore(number);
    double counted = index * ratio - number + before;
    double exact = conversion.isResampled() ? 2 + number * 1e-5 : 0.6;
    exact += conversion.isDithered() ? 1 : 0;
    if (line.lostTotal() == 0) {
      require(Math.abs(counted) <= exact, frame, index, number, counted, 0);
      return;
    }
    double estimate = samples(TOLERANCE_NANOS);
    double old = 0;
    for (LostRun loss : line.losses()) {
      double end = loss.first() + loss.count();
      double readSince = number - end - (before - line.lostBefore(end));
      if (readSince > samples(DETECTION_NANOS)) {
        old += loss.count();
      }
    }
    double undetected = samples(line.bufferNanos()) + estimate;
    require(
        counted >= -exact
            && counted <= line.lostTotal() + estimate
            && counted >= Math.min(old, before) - undetected,
        frame,
        index,
        number,
        counted,
        line.lostTotal());
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
   * make it too early, and samples that arrived late at the start make it too late.
   */
  private void checkTime(Frame frame, double number) {
    long captured = env.time().steadyNanosOf(line.physicalNanosOf(number));
    long error = frame.captureNanos() - captured;
    long tolerance =
        TOLERANCE_NANOS
            + line.bufferNanos()
            + line.longestHoldNanos()
            + Math.abs(uncountedNanos(frame.sampleIndex(), number));
    env.violations()
        .check(
            Math.abs(error) <= tolerance,
            () ->
                "frame %d has a capture time that is wrong by %.3f ms"
                    .formatted(frame.sampleIndex(), error / 1e6));
  }

  private double samples(long nanos) {
    return nanos / 1e9 * conversion.captured().sampleRateHz();
  }
}
