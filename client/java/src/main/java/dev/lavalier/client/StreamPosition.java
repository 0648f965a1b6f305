package dev.lavalier.client;

import dev.lavalier.v1.AudioFrame;
import dev.lavalier.v1.ResumePoint;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The position of a stream, and the gap when it resumes on another connection. For use by one
 * thread.
 *
 * <p>Within an epoch, the gap is the difference of sample indexes, regardless of clocks and of the
 * server's report. Between epochs, it is the difference of capture times, which are by the server's
 * wall clock. That clock can be set in between, above all at boot. If the difference contradicts
 * the time that passed by this client's steady clock, the passed time counts instead.
 *
 * <p>On Linux, a steady clock stops while the machine is suspended. If the server was restarted
 * while this machine was suspended, the gap does not contain that time. The client's wall clock
 * cannot help: it is often set together with the server's.
 */
final class StreamPosition {

  /** How much later than usual the first frame of a connection may arrive. */
  private static final long MARGIN_NANOS = 250_000_000L;

  private static final double NANOS_PER_SECOND = 1e9;

  private boolean known;
  private long epoch;
  private long nextIndex;
  private long nextUnixNanos; // when the next sample was captured, by the server's wall clock
  private long nextNanos; // the same, by this client's steady clock; later by the transfer time

  /** Returns the point to resume from; empty before the first frame. */
  Optional<ResumePoint> resumePoint() {
    return known
        ? Optional.of(ResumePoint.newBuilder().setEpoch(epoch).setSampleIndex(nextIndex).build())
        : Optional.empty();
  }

  /**
   * Moves the position to the end of a frame.
   *
   * @param onTimeNanos when the frame would have arrived after the shortest transfer time, by this
   *     client's steady clock
   */
  void advance(StreamStart start, AudioFrame frame, long onTimeNanos) {
    known = true;
    epoch = start.epoch();
    nextIndex = frame.getSampleIndex() + start.frameSize();
    long frameNanos =
        Math.round(start.frameSize() * NANOS_PER_SECOND / start.format().sampleRateHz());
    nextUnixNanos = frame.getCaptureTimeUnixNanos() + frameNanos;
    nextNanos = onTimeNanos - ProtoMapper.readDelayNanos(frame) + frameNanos;
  }

  /**
   * Returns the gap between this position and the first frame of another connection.
   *
   * @param reported the gap that the frame itself reports; null: none
   * @param onTimeNanos as in {@link #advance}
   * @param cause why samples are missing for which the server reports no other cause
   * @return the gap; null if no sample is missing
   */
  @Nullable Gap gapBefore(
      StreamStart start,
      AudioFrame frame,
      @Nullable Gap reported,
      long onTimeNanos,
      Gap.Cause cause) {
    if (!known) {
      return reported;
    }
    if (start.epoch() == epoch) {
      return gap(frame.getSampleIndex() - nextIndex, reported, false, cause);
    }
    long passed = onTimeNanos - ProtoMapper.readDelayNanos(frame) - nextNanos;
    long nanos = frame.getCaptureTimeUnixNanos() - nextUnixNanos;
    if (Math.abs(nanos - passed) > MARGIN_NANOS) {
      nanos = passed;
    }
    return gap(
        Math.round(nanos / NANOS_PER_SECOND * start.format().sampleRateHz()),
        reported,
        true,
        cause);
  }

  /**
   * Returns a gap of {@code missing} samples. Samples for which the server reports another cause
   * than that it did not keep them have that cause; the others have {@code restCause}.
   */
  private static @Nullable Gap gap(
      long missing, @Nullable Gap reported, boolean estimated, Gap.Cause restCause) {
    if (missing <= 0) {
      return null;
    }
    List<Gap.Part> parts = new ArrayList<>();
    long rest = missing;
    boolean restEstimated = estimated;
    for (Gap.Part part : reported == null ? List.<Gap.Part>of() : reported.parts()) {
      if (part.cause() == Gap.Cause.NOT_KEPT) {
        restEstimated |= part.estimated();
      } else if (rest > 0) {
        long count = Math.min(rest, part.sampleCount());
        parts.add(new Gap.Part(count, part.cause(), part.estimated()));
        rest -= count;
      }
    }
    if (rest > 0) {
      parts.add(new Gap.Part(rest, restCause, restEstimated));
    }
    return Gap.of(parts);
  }
}
