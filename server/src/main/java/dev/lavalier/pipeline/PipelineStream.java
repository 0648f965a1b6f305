package dev.lavalier.pipeline;

import dev.lavalier.audio.Conversion;
import org.jspecify.annotations.Nullable;

/**
 * The stream of frames that one subscription gets from a {@link CapturePipeline}: the source of its
 * frames, and the positions that are needed to count missing samples. Immutable apart from the
 * source, which only the delivery loop uses; any thread may call the other methods.
 */
public final class PipelineStream {

  private final CapturePipeline pipeline;
  private final StreamPlan plan;
  private final FrameProducer frames;
  private final StartPosition position;
  private final long liveIndex;
  private final FrameSource source;
  private final long maxAgeNanos;

  PipelineStream(
      CapturePipeline pipeline,
      StreamPlan plan,
      FrameProducer frames,
      StartPosition position,
      @Nullable Frame latest,
      FrameSource source,
      long maxAgeNanos) {
    this.pipeline = pipeline;
    this.plan = plan;
    this.frames = frames;
    this.position = position;
    this.liveIndex = latest == null ? -1 : latest.sampleIndex() + plan.frameSize();
    this.source = source;
    this.maxAgeNanos = maxAgeNanos;
  }

  /** Returns the number of the epoch. */
  public long epoch() {
    return pipeline.epoch();
  }

  /** Returns the conversion of the stream. */
  public Conversion conversion() {
    return plan.conversion();
  }

  /** Returns the source of the frames; its {@link FrameSource#successor} replaces it later. */
  public FrameSource source() {
    return source;
  }

  /** Returns the maximum age of a live frame that was granted, in nanoseconds. */
  public long maxAgeNanos() {
    return maxAgeNanos;
  }

  /**
   * Returns the index of the first sample that is not in a frame yet; -1 if there is no frame. It
   * does not change any more when the epoch has ended.
   */
  public long endIndex() {
    Frame latest = frames.ring().latest();
    return latest == null ? -1 : latest.sampleIndex() + plan.frameSize();
  }

  /** Returns the samples that the framer skipped until {@link #endIndex}. */
  public LossTotals lossesBeforeEnd() {
    Frame latest = frames.ring().latest();
    return latest == null ? LossTotals.NONE : latest.lossesBefore();
  }

  /** Returns the length of the earlier audio that is sent first, in milliseconds. */
  public int prerollMillis() {
    return position.prerollMillis();
  }

  /** Returns the index of the sample that the start position names; -1 if it names none. */
  public long requestedIndex() {
    return position.index();
  }

  /**
   * Returns the index of the first sample that was not yet in a frame when the stream was opened;
   * -1 if there was no frame.
   */
  public long liveIndex() {
    return liveIndex;
  }

  /** Returns the index of the first sample of the framer's first frame; -1 until there is one. */
  public long firstIndex() {
    return frames.firstIndex();
  }

  /**
   * Returns whether the device has lost samples at or after a sample of the stream.
   *
   * @param index its index at the delivered rate
   */
  public boolean hasOverrunAfter(long index) {
    return pipeline.overrunEnd() > plan.conversion().inputIndexFor(index);
  }
}
