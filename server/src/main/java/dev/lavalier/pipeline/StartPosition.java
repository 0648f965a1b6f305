package dev.lavalier.pipeline;

import dev.lavalier.audio.Conversion;
import dev.lavalier.audio.PcmFormat;
import dev.lavalier.capture.Period;
import dev.lavalier.common.StreamException;
import dev.lavalier.common.StreamException.Reason;
import org.jspecify.annotations.Nullable;

/**
 * The position in an epoch at which a subscription starts. Immutable.
 *
 * @param index index of the first delivered sample; -1: the first sample of the next frame that is
 *     published
 * @param first the first period to replay; null: nothing is replayed
 * @param prerollMillis length of the audio captured before now that is replayed, in milliseconds
 */
record StartPosition(long index, History.@Nullable Entry first, int prerollMillis) {

  /** Tolerance for the speed of the device's clock in an earlier epoch. */
  private static final double MAX_CLOCK_RATIO = 1.02;

  /** Tolerance for the time of day, because an epoch's number is not an exact time. */
  private static final long TOLERANCE_MICROS = 60_000_000L;

  /**
   * Checks that a position to resume at has been captured.
   *
   * @param epoch the number of the epoch that is open
   * @param captured index of the sample after the last one captured in it
   * @param unixMicros the current unix time in microseconds
   * @throws StreamException POSITION_IN_FUTURE if it has not been captured yet
   */
  static void check(
      StartFrom start, Conversion conversion, long epoch, long captured, long unixMicros)
      throws StreamException {
    if (!(start instanceof StartFrom.Resume resume)) {
      return;
    }
    if (resume.epoch() > epoch) {
      throw positionInFuture("epoch", resume.epoch(), epoch);
    }
    long last;
    if (resume.epoch() == epoch) {
      last = conversion.outputSamplesBefore(captured);
    } else {
      last = lastSample(resume.epoch(), conversion.delivered(), unixMicros);
    }
    if (resume.sampleIndex() > last) {
      throw positionInFuture("sample_index", resume.sampleIndex(), last);
    }
  }

  /**
   * Checks, before a device is opened, that a position to resume at is not in the future. {@link
   * #check} is stricter, but needs the open epoch.
   *
   * @param format the delivery format
   * @param lastEpoch the number of the last epoch; 0: there was none
   * @param unixMicros the current unix time in microseconds
   * @throws StreamException POSITION_IN_FUTURE if no earlier epoch can have captured it
   */
  static void checkBeforeOpening(StartFrom start, PcmFormat format, long lastEpoch, long unixMicros)
      throws StreamException {
    if (!(start instanceof StartFrom.Resume resume)) {
      return;
    }
    long newest = Math.max(lastEpoch, unixMicros); // the clock may be set back
    if (resume.epoch() > newest) {
      throw positionInFuture("epoch", resume.epoch(), newest);
    }
    long last = lastSample(resume.epoch(), format, unixMicros);
    if (resume.sampleIndex() > last) {
      throw positionInFuture("sample_index", resume.sampleIndex(), last);
    }
  }

  /** Returns an upper bound for the last sample that an epoch has captured. */
  private static long lastSample(long epoch, PcmFormat format, long unixMicros) {
    double micros = (unixMicros - epoch) * MAX_CLOCK_RATIO + TOLERANCE_MICROS;
    return (long) (micros / 1e6 * format.sampleRateHz());
  }

  private static StreamException positionInFuture(String field, long value, long last) {
    return new StreamException(
        Reason.POSITION_IN_FUTURE,
        "resume.%s: %d (expected: already captured, at most %d)".formatted(field, value, last));
  }

  /**
   * Finds the position at which a subscription starts.
   *
   * @param epoch the number of the epoch that is open
   * @param history the history of the epoch; null: no history is kept
   */
  static StartPosition of(StartFrom start, StreamPlan plan, long epoch, @Nullable History history) {
    Conversion conversion = plan.conversion();
    boolean sameEpoch = start instanceof StartFrom.Resume r && r.epoch() == epoch;
    long resumed = sameEpoch ? ((StartFrom.Resume) start).sampleIndex() : -1;
    StartPosition live = new StartPosition(resumed, null, 0);
    if (history == null || start instanceof StartFrom.Live || history.head() == 0) {
      return live;
    }
    PcmFormat format = conversion.delivered();
    Period latest = history.get(history.head() - 1).period();
    long end = conversion.outputSamplesBefore(latest.endIndex());
    long retainedFrom = Math.max(0, end - format.samplesIn(history.retentionNanos()));
    int requestedMillis = Integer.MAX_VALUE;
    long target = Math.max(retainedFrom, resumed);
    if (start instanceof StartFrom.Preroll preroll) {
      requestedMillis = preroll.millis();
      target = Math.max(retainedFrom, end - format.samplesIn(requestedMillis * 1_000_000L));
      target -= target % plan.frameSize(); // the start of the frame that contains it
    }
    History.Entry first = history.find(conversion.inputIndexFor(target));
    long startIndex =
        ceiling(
            Math.max(target, conversion.firstOutputIndex(first.period().sampleIndex())),
            plan.frameSize());
    long samples = end - startIndex;
    if (samples <= 0) {
      return live;
    }
    int millis = (int) (samples * 1_000 / format.sampleRateHz());
    return new StartPosition(
        sameEpoch ? resumed : startIndex, first, Math.min(requestedMillis, millis));
  }

  private static long ceiling(long index, int frameSize) {
    return Math.floorDiv(index + frameSize - 1, frameSize) * frameSize;
  }
}
