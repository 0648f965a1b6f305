package dev.lavalier.hub;

import dev.lavalier.audio.PcmFormat;
import dev.lavalier.common.TimeSource;
import dev.lavalier.pipeline.Frame;
import dev.lavalier.pipeline.FrameSource;
import dev.lavalier.pipeline.Gap;
import dev.lavalier.pipeline.PipelineStream;
import dev.lavalier.pipeline.StartFrom;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Counts the samples that one subscription did not get. A gap is the difference between the index
 * of the expected sample and the index of the next frame; it is never a sum. Between two epochs,
 * the number of missing samples is estimated from timestamps.
 *
 * <p>Used by the subscription's delivery loop only.
 */
final class GapTracker {

  private final PcmFormat format;
  private final int frameSize;
  private final StartFrom start;
  private final TimeSource timeSource;

  private @Nullable PipelineStream stream; // null: no epoch yet
  private long nextIndex; // index of the next expected sample; -1: the framer's first
  private long deviceLossBefore; // samples that the device had lost by then
  private @Nullable Frame lastSent; // null: none yet
  private boolean firstFrameOfEpoch; // no frame was sent in this epoch yet

  GapTracker(SubscriptionSpec spec, TimeSource timeSource) {
    this.format = spec.format();
    this.frameSize = spec.frameSize();
    this.start = spec.start();
    this.timeSource = timeSource;
  }

  /** Starts an epoch of the subscription. */
  void onEpoch(PipelineStream newStream) {
    stream = newStream;
    boolean starts = lastSent == null && newStream.requestedIndex() >= 0;
    nextIndex = starts ? newStream.requestedIndex() : newStream.liveIndex();
    firstFrameOfEpoch = true;
    onSource(newStream.source());
  }

  /** Switches to another source of the same epoch. */
  void onSource(FrameSource source) {
    deviceLossBefore = source.deviceLossBefore();
  }

  /** Returns the index of the next expected sample; -1: the framer's first. */
  long nextIndex() {
    return nextIndex;
  }

  /** Returns whether a frame is to be sent. If not, it precedes the start position. */
  boolean isDue(Frame frame) {
    return frame.sampleIndex() >= nextIndex;
  }

  /** Returns the gap directly before a frame that is due; empty if no samples are missing. */
  Optional<Gap> gapBefore(Frame frame) {
    return firstFrameOfEpoch ? gapBeforeFirst(frame) : gapWithinEpoch(frame);
  }

  /** Records that a frame was sent. */
  void onSent(Frame frame) {
    firstFrameOfEpoch = false;
    lastSent = frame;
    nextIndex = frame.sampleIndex() + frameSize;
    onPassed(frame);
  }

  /** Records that a frame was sent or skipped. */
  void onPassed(Frame frame) {
    deviceLossBefore = frame.deviceLossBefore();
  }

  private Optional<Gap> gapBeforeFirst(Frame frame) {
    if (lastSent != null) {
      return gapSinceDeviceLoss(lastSent, frame);
    }
    if (start instanceof StartFrom.Resume resume) {
      return resume.epoch() == stream.epoch()
          ? gapSinceResumePoint(frame)
          : gapSinceEarlierEpoch(resume, frame);
    }
    return gapWithinEpoch(frame);
  }

  /**
   * Returns the samples between the last frame and this one. They were dropped by the server or
   * lost by the device.
   */
  private Optional<Gap> gapWithinEpoch(Frame frame) {
    long expected = nextIndex < 0 ? stream.firstIndex() : nextIndex;
    long missing = frame.sampleIndex() - expected;
    if (missing == 0) {
      return Optional.empty();
    }
    boolean byDevice = frame.deviceLossBefore() > deviceLossBefore;
    return Optional.of(
        new Gap(
            missing, byDevice ? Gap.Cause.DEVICE_OVERRUN : Gap.Cause.SLOW_SUBSCRIBER, byDevice));
  }

  /**
   * Returns the gap in the current epoch. The count is exact, unless the device lost samples in
   * that time.
   */
  private Optional<Gap> gapSinceResumePoint(Frame frame) {
    boolean estimated = stream.hasOverrunAfter(nextIndex);
    return gapWithinEpoch(frame)
        .map(
            gap ->
                gap.cause() == Gap.Cause.DEVICE_OVERRUN
                    ? gap
                    : new Gap(gap.sampleCount(), Gap.Cause.NOT_KEPT, estimated));
  }

  /**
   * Estimates the gap from the number of the earlier epoch, which is the unix time of its start in
   * microseconds.
   */
  private Optional<Gap> gapSinceEarlierEpoch(StartFrom.Resume resume, Frame frame) {
    long unixNanos = resume.epoch() * 1_000 + format.nanosOf(resume.sampleIndex());
    long nanos = unixNanos - (timeSource.unixNanos() - timeSource.nanoTime());
    return estimatedGap(format.samplesIn(frame.captureNanos() - nanos), Gap.Cause.NOT_KEPT);
  }

  private Optional<Gap> gapSinceDeviceLoss(Frame last, Frame frame) {
    long missing = format.samplesIn(frame.captureNanos() - last.captureNanos()) - frameSize;
    return estimatedGap(missing, Gap.Cause.DEVICE_LOST);
  }

  private static Optional<Gap> estimatedGap(long missing, Gap.Cause cause) {
    return missing <= 0 ? Optional.empty() : Optional.of(new Gap(missing, cause, true));
  }
}
