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
final class Position {

  private static final long CLOCK_SLACK_NANOS = 5_000_000_000L;
  private static final double NANOS = 1e9;

  private boolean known;
  private long epoch;
  private long nextIndex;
  private long nextCaptureNanos;
  private long arrivedMillis; // our own clock's

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
            + Math.round(start.frameSize() * NANOS / start.format().sampleRateHz());
    arrivedMillis = nowMillis;
  }

  /**
   * Returns what is missing between here and the first frame of another connection.
   *
   * @param told what the frame itself says; null: nothing
   * @return null where nothing is
   */
  Gap missingBefore(StreamStart start, AudioFrame frame, Gap told, long nowMillis) {
    if (!known) {
      return told;
    }
    if (start.epoch() == epoch) {
      long missing = frame.getSampleIndex() - nextIndex;
      return missing <= 0 ? null : gap(missing, told, false);
    }
    if (told != null && told.cause() == Gap.Cause.NOT_KEPT) {
      return told;
    }
    long awayNanos = (nowMillis - arrivedMillis) * 1_000_000;
    long nanos = frame.getCaptureTimeUnixNanos() - nextCaptureNanos;
    if (nanos < -CLOCK_SLACK_NANOS || nanos > awayNanos + CLOCK_SLACK_NANOS) {
      nanos = awayNanos;
    }
    long missing = Math.round(nanos / NANOS * start.format().sampleRateHz());
    if (told != null && told.sampleCount() >= missing) {
      return told;
    }
    return missing <= 0 ? null : gap(missing, told, true);
  }

  /** The count is ours, and holds what the server told of; its cause is the later one. */
  private static Gap gap(long missing, Gap told, boolean estimated) {
    return told == null
        ? new Gap(missing, Gap.Cause.NOT_KEPT, estimated)
        : new Gap(missing, told.cause(), estimated || told.estimated());
  }
}
