package dev.lavalier.client;

import dev.lavalier.v1.AudioFrame;
import dev.lavalier.v1.ResumePoint;
import java.util.Optional;

/**
 * How far a stream has come, and what is missing where it goes on by another connection. One
 * thread.
 *
 * <p>Within an epoch that is a difference of sample indexes, whatever the server says of it. From
 * one epoch to the next the server says it, or else the capture times do, as long as they are no
 * further apart than our own clock says that we were away: clocks are set, at boot above all.
 */
final class StreamPosition {

  private static final long CLOCK_MARGIN_NANOS = 5_000_000_000L;
  private static final double NANOS_PER_SECOND = 1e9;

  private boolean known;
  private long epoch;
  private long nextIndex;
  private long nextCaptureNanos;
  private long lastArrivalMillis; // our own clock's

  /** Returns where to resume; empty before the first frame. */
  Optional<ResumePoint> resumePoint() {
    return known
        ? Optional.of(ResumePoint.newBuilder().setEpoch(epoch).setSampleIndex(nextIndex).build())
        : Optional.empty();
  }

  /** Moves on behind a frame. */
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
   * Returns what is missing between here and the first frame of another connection.
   *
   * @param reported what the frame itself says; null: nothing
   * @return null where nothing is
   */
  Gap gapBefore(StreamStart start, AudioFrame frame, Gap reported, long nowMillis) {
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

  /** The count is ours, and holds what the server told of; its cause is the later one. */
  private static Gap gap(long missing, Gap reported, boolean estimated) {
    return reported == null
        ? new Gap(missing, Gap.Cause.NOT_KEPT, estimated)
        : new Gap(missing, reported.cause(), estimated || reported.estimated());
  }
}
