package dev.lavalier.client;

import dev.lavalier.v1.AudioFrame;
import dev.lavalier.v1.ResumePoint;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The position of a stream, and the gap when it resumes on another connection. For use by one
 * thread.
 *
 * <p>Within an epoch, the gap is the difference of sample indexes, regardless of the server's
 * report. Between epochs, a report of {@link Gap.Cause#NOT_KEPT} counts unchanged; otherwise the
 * gap is the server's report or the difference of capture times, whichever is larger. If the
 * capture times contradict the outage by this client's clock, the outage counts instead, because
 * clocks are stepped, above all at boot.
 */
final class StreamPosition {

  private static final long CLOCK_MARGIN_NANOS = 5_000_000_000L;
  private static final double NANOS_PER_SECOND = 1e9;

  private boolean known;
  private long epoch;
  private long nextIndex;
  private long nextCaptureNanos;
  private long lastArrivalMillis; // by this client's clock

  /** Returns the point to resume from; empty before the first frame. */
  Optional<ResumePoint> resumePoint() {
    return known
        ? Optional.of(ResumePoint.newBuilder().setEpoch(epoch).setSampleIndex(nextIndex).build())
        : Optional.empty();
  }

  /** Moves the position to the end of a frame. */
  void advance(StreamStart start, AudioFrame frame, long nowMillis) {
    known = true;
    epoch = start.epoch();
    nextIndex = frame.getSampleIndex() + start.frameSize();
    nextCaptureNanos =
        frame.getCaptureTimeUnixNanos()
            + Math.round(start.frameSize() * NANOS_PER_SECOND / start.format().sampleRateHz());
    lastArrivalMillis = nowMillis;
  }

  /**
   * Returns the gap between this position and the first frame of another connection.
   *
   * @param reported the gap that the frame itself reports; null: none
   * @return the gap; null if no sample is missing
   */
  @Nullable Gap gapBefore(
      StreamStart start, AudioFrame frame, @Nullable Gap reported, long nowMillis) {
    if (!known) {
      return reported;
    }
    if (start.epoch() == epoch) {
      long missing = frame.getSampleIndex() - nextIndex;
      return missing <= 0 ? null : gap(missing, reported, false);
    }
    if (reported != null && reported.cause() == Gap.Cause.NOT_KEPT) {
      return reported;
    }
    long outageNanos = (nowMillis - lastArrivalMillis) * 1_000_000;
    long nanos = frame.getCaptureTimeUnixNanos() - nextCaptureNanos;
    if (nanos < -CLOCK_MARGIN_NANOS || nanos > outageNanos + CLOCK_MARGIN_NANOS) {
      nanos = outageNanos;
    }
    long missing = Math.round(nanos / NANOS_PER_SECOND * start.format().sampleRateHz());
    if (reported != null && reported.sampleCount() >= missing) {
      return reported;
    }
    return missing <= 0 ? null : gap(missing, reported, true);
  }

  /**
   * Returns a gap with this client's count, which includes the reported gap, and with the reported
   * cause, which is the later one.
   */
  private static Gap gap(long missing, @Nullable Gap reported, boolean estimated) {
    return reported == null
        ? new Gap(missing, Gap.Cause.NOT_KEPT, estimated)
        : new Gap(missing, reported.cause(), estimated || reported.estimated());
  }
}
