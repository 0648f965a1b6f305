package dev.lavalier.hub;

import dev.lavalier.audio.PcmFormat;
import dev.lavalier.capture.Loss;
import dev.lavalier.capture.LossCause;
import dev.lavalier.pipeline.Frame;
import dev.lavalier.pipeline.FrameSource;
import dev.lavalier.pipeline.Gap;
import dev.lavalier.pipeline.LossTotals;
import dev.lavalier.pipeline.PipelineStream;
import dev.lavalier.pipeline.StartFrom;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Counts the samples that one subscription did not get. A gap is the difference between the index
 * of the expected sample and the index of the next frame; it is never a sum. Between two epochs,
 * the number of missing samples is estimated from timestamps. If a lost device returns in the same
 * epoch, they are counted by index.
 *
 * <p>Used by the subscription's delivery loop only.
 */
final class GapTracker {

  private final PcmFormat format;
  private final int frameSize;
  private final StartFrom start;

  private @Nullable PipelineStream stream; // null: no epoch yet
  private long nextIndex; // index of the next expected sample; -1: the framer's first
  private LossTotals lossesBefore = LossTotals.NONE; // before that sample
  private @Nullable Frame lastSent; // null: none yet
  private final List<Gap.Part> unsent = new ArrayList<>(); // of the epoch of the last frame
  private long notReadyUntil; // frames before this index waited while the sink was not ready
  private long lastSentEpoch;
  private boolean firstFrameOfEpoch; // no frame of this stream was sent yet

  GapTracker(SubscriptionSpec spec) {
    this.format = spec.format();
    this.frameSize = spec.frameSize();
    this.start = spec.start();
  }

  /** Starts an epoch of the subscription. */
  void onEpoch(PipelineStream newStream) {
    stream = newStream;
    if (!continuesEpoch()) {
      boolean starts = lastSent == null && newStream.requestedIndex() >= 0;
      nextIndex = starts ? newStream.requestedIndex() : newStream.liveIndex();
    }
    firstFrameOfEpoch = true;
    notReadyUntil = -1;
    onSource(newStream.source());
  }

  /**
   * Ends the epoch and releases its pipeline.
   *
   * @param cause why frames of the epoch were not sent, if some were not
   * @param lateFrames how many of them had expired on their way to this machine
   */
  void onEpochEnd(LossCause cause, long lateFrames) {
    if (!firstFrameOfEpoch && stream != null) {
      unsent.clear();
      long missing = Math.max(0, stream.endIndex() - nextIndex);
      long upstream =
          stream.lossesBeforeEnd().since(lossesBefore).stream()
              .filter(each -> each.loss().equals(Loss.UPSTREAM))
              .mapToLong(Gap.Part::sampleCount)
              .sum();
      long lost = Math.min(missing, upstream + lateFrames * frameSize);
      addPart(lost, Loss.UPSTREAM, unsent);
      addPart(missing - lost, new Loss(cause, false), unsent);
    }
    stream = null;
  }

  /** Returns whether the device was lost after the last frame, and returned in the same epoch. */
  private boolean continuesEpoch() {
    return lastSent != null && stream.epoch() == lastSentEpoch;
  }

  /** Switches to another source of the same epoch. */
  void onSource(FrameSource source) {
    lossesBefore = source.lossesBefore();
  }

  /** Returns the index of the next expected sample; -1: the framer's first. */
  long nextIndex() {
    return nextIndex;
  }

  /** Returns whether a frame is to be sent. If not, it precedes the start position. */
  boolean isDue(Frame frame) {
    return frame.sampleIndex() >= nextIndex;
  }

  /** Records that the frames published until now wait, and that the sink is not ready for them. */
  void onNotReady() {
    notReadyUntil = stream.endIndex();
  }

  /**
   * Returns why the next frames are dropped, if they are: the sink was not ready for them, or the
   * delivery loop is late.
   */
  LossCause dropCause() {
    return notReadyUntil > nextIndex ? LossCause.SLOW_SUBSCRIBER : LossCause.SERVER_OVERLOAD;
  }

  /**
   * Returns the gap directly before a frame that is due; empty if no samples are missing.
   *
   * @param lateFrames how many frames before it expired on their way to this machine
   */
  Optional<Gap> gapBefore(Frame frame, long lateFrames) {
    return firstFrameOfEpoch
        ? gapBeforeFirst(frame, lateFrames)
        : gapWithinEpoch(frame, lateFrames);
  }

  /** Records that a frame was sent. */
  void onSent(Frame frame) {
    firstFrameOfEpoch = false;
    lastSent = frame;
    lastSentEpoch = stream.epoch();
    unsent.clear();
    nextIndex = frame.sampleIndex() + frameSize;
    onPassed(frame);
  }

  /** Records that a frame was sent or skipped. */
  void onPassed(Frame frame) {
    lossesBefore = frame.lossesBefore();
  }

  private Optional<Gap> gapBeforeFirst(Frame frame, long lateFrames) {
    if (lastSent != null) {
      return continuesEpoch() ? gapWithinLoss(frame) : gapSinceDeviceLoss(lastSent, frame);
    }
    if (start instanceof StartFrom.Resume resume) {
      return resume.epoch() == stream.epoch()
          ? gapSinceResumePoint(frame)
          : gapSinceEarlierEpoch(resume, frame);
    }
    return gapWithinEpoch(frame, lateFrames);
  }

  /**
   * Returns the samples between the last frame and this one: those that were lost before the
   * framer, and the rest, whose frames were dropped.
   */
  private Optional<Gap> gapWithinEpoch(Frame frame, long lateFrames) {
    long expected = expectedIndex();
    long missing = frame.sampleIndex() - expected;
    if (missing == 0) {
      return Optional.empty(); // usual
    }
    List<Gap.Part> parts = new ArrayList<>();
    long rest = addLosses(frame.lossesBefore(), missing, parts);
    long late = Math.min(rest, lateFrames * frameSize);
    addPart(late, Loss.UPSTREAM, parts);
    rest -= late;
    long slow = Math.max(0, Math.min(rest, notReadyUntil - expected));
    addPart(slow, new Loss(LossCause.SLOW_SUBSCRIBER, false), parts);
    addPart(rest - slow, new Loss(LossCause.SERVER_OVERLOAD, false), parts);
    return gap(parts);
  }

  private long expectedIndex() {
    return nextIndex < 0 ? stream.firstIndex() : nextIndex;
  }

  /** Adds the parts that were lost before the framer, and returns how many samples remain. */
  private long addLosses(LossTotals until, long missing, List<Gap.Part> parts) {
    long rest = missing;
    for (Gap.Part lost : until.since(lossesBefore)) {
      long count = Math.min(rest, lost.sampleCount());
      addPart(count, lost.loss(), parts);
      rest -= count;
    }
    return rest;
  }

  private static void addPart(long samples, Loss loss, List<Gap.Part> parts) {
    if (samples <= 0) {
      return;
    }
    for (int i = 0; i < parts.size(); i++) {
      if (parts.get(i).loss().equals(loss)) {
        parts.set(i, new Gap.Part(parts.get(i).sampleCount() + samples, loss));
        return;
      }
    }
    parts.add(new Gap.Part(samples, loss));
  }

  private static Optional<Gap> gap(List<Gap.Part> parts) {
    return parts.isEmpty() ? Optional.empty() : Optional.of(new Gap(parts));
  }

  /**
   * Returns the gap in the current epoch. The count is exact, unless the device lost samples in
   * that time.
   */
  private Optional<Gap> gapSinceResumePoint(Frame frame) {
    boolean estimated = stream.hasOverrunAfter(nextIndex);
    List<Gap.Part> parts = new ArrayList<>();
    long rest = addLosses(frame.lossesBefore(), frame.sampleIndex() - expectedIndex(), parts);
    addPart(rest, new Loss(LossCause.NOT_KEPT, estimated), parts);
    return gap(parts);
  }

  /**
   * Estimates the gap from the number of the earlier epoch, which is the unix time of its start in
   * microseconds.
   */
  private Optional<Gap> gapSinceEarlierEpoch(StartFrom.Resume resume, Frame frame) {
    long unixNanos = resume.epoch() * 1_000 + format.nanosOf(resume.sampleIndex());
    // The clock can be set back. Then the number of the epoch is later.
    long frameNanos = stream.epoch() * 1_000 + format.nanosOf(frame.sampleIndex());
    long missing = format.samplesIn(Math.max(frameNanos, frame.captureUnixNanos()) - unixNanos);
    return estimatedGap(missing, LossCause.NOT_KEPT);
  }

  /** Returns the gap of a device that was lost and has returned in the same epoch. It is exact. */
  private Optional<Gap> gapWithinLoss(Frame frame) {
    List<Gap.Part> parts = new ArrayList<>();
    long rest = addLosses(frame.lossesBefore(), frame.sampleIndex() - nextIndex, parts);
    rest = addUnsent(rest, parts);
    addPart(rest, new Loss(LossCause.DEVICE_LOST, false), parts);
    return gap(parts);
  }

  private Optional<Gap> gapSinceDeviceLoss(Frame last, Frame frame) {
    long missing = format.samplesIn(frame.captureNanos() - last.captureNanos()) - frameSize;
    List<Gap.Part> parts = new ArrayList<>();
    long rest = addUnsent(missing, parts);
    addPart(rest, new Loss(LossCause.DEVICE_LOST, true), parts);
    return gap(parts);
  }

  /** Adds what was not sent of the epoch before, and returns how many samples remain. */
  private long addUnsent(long missing, List<Gap.Part> parts) {
    long rest = missing;
    for (Gap.Part each : unsent) {
      long count = Math.max(0, Math.min(rest, each.sampleCount()));
      addPart(count, each.loss(), parts);
      rest -= count;
    }
    return rest;
  }

  private static Optional<Gap> estimatedGap(long missing, LossCause cause) {
    return missing <= 0 ? Optional.empty() : Optional.of(Gap.of(missing, cause, true));
  }
}
