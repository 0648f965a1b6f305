package dev.lavalier.pipeline;

import dev.lavalier.audio.PcmFormat;
import dev.lavalier.capture.Period;
import java.util.concurrent.Executor;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Cuts blocks of delivered samples into frames of one size and encodes each frame once. Frames
 * start at multiples of the frame size. The first frame is the first whole one in the input; after
 * lost samples, the framer continues with the next whole frame.
 *
 * <p>{@link #accept} is called by one thread: the capture thread, an encoder thread, or a delivery
 * loop during a replay. Delivery loops read the ring.
 */
final class Framer implements FrameProducer {

  private final StreamPlan plan;
  private final PcmFormat format; // of the frames
  private final int frameSize;
  private final FrameEncoder encoder;
  private final FrameRing ring;
  private final @Nullable Executor thread;
  private final LongSupplier nanoTime;

  // Used only by the thread that calls accept(), once the position of the first frame is set.
  private final byte[] pending;
  private int filled; // bytes in pending
  private long frameIndex = -1; // first sample of the frame being filled; -1: no block yet
  private long frameNanos;
  private long frameUnixNanos;
  private LossTotals lostBefore = LossTotals.NONE; // until the last block
  private LossTotals losses = LossTotals.NONE; // samples that were skipped between frames

  private volatile long firstIndex = -1;
  private volatile boolean discarded;

  /**
   * Creates a framer.
   *
   * @param plan a plan with a {@link FrameCodec}
   * @param slots the slots of its ring, a power of 2
   * @param onEncoderThread whether it may run on a thread that its codec assigns
   * @param nanoTime returns the steady time
   */
  Framer(StreamPlan plan, int slots, boolean onEncoderThread, LongSupplier nanoTime) {
    this.plan = plan;
    this.ring = new FrameRing(slots);
    this.format = plan.conversion().delivered();
    this.frameSize = plan.frameSize();
    FrameCodec codec = (FrameCodec) plan.codec();
    this.encoder = codec.newEncoder(format, frameSize);
    this.pending = new byte[frameSize * format.bytesPerSampleFrame()];
    this.thread = onEncoderThread ? codec.assignThread() : null;
    this.nanoTime = nanoTime;
  }

  @Override
  public StreamPlan plan() {
    return plan;
  }

  @Override
  public FrameRing ring() {
    return ring;
  }

  @Override
  public long firstIndex() {
    return firstIndex;
  }

  /** Returns the encoder thread on which it runs; null: it runs on none. */
  @Nullable Executor thread() {
    return thread;
  }

  int bytesPerSampleFrame() {
    return format.bytesPerSampleFrame();
  }

  /** Ends the framer. An encoder thread does not call {@link #accept} any more. */
  void discard() {
    discarded = true;
  }

  boolean isDiscarded() {
    return discarded;
  }

  /**
   * Sets the position of the first frame, if it is not set. Called by the capture thread before it
   * passes the first block to an encoder thread, which may be later.
   *
   * @param sampleIndex of the first block that the framer could get
   * @param lost the totals before this block
   */
  void startAt(long sampleIndex, LossTotals lost) {
    if (firstIndex < 0) {
      lostBefore = lost;
      frameIndex = nextFrame(sampleIndex);
      firstIndex = frameIndex;
    }
  }

  /** Returns whether a frame can end in a block. Any thread may call it. */
  boolean completesFrame(Period block) {
    return Math.floorDiv(block.endIndex(), frameSize) * frameSize > block.sampleIndex();
  }

  /**
   * Adds one block.
   *
   * @param block in the format of the frames; its array is not kept
   * @param lost the samples that are missing before this block, in total. They grow if the block
   *     does not continue the block before
   * @return whether at least one frame was published
   */
  boolean accept(Period block, LossTotals lost) {
    int step = format.bytesPerSampleFrame();
    int length = block.samples() * step;
    long sampleIndex = block.sampleIndex();
    startAt(sampleIndex, lost);
    if (sampleIndex > frameIndex + filled / step) {
      // The pending samples cannot become a whole frame, so they count as lost too.
      long next = nextFrame(sampleIndex);
      losses = losses.plus(next - frameIndex, lost.since(lostBefore));
      frameIndex = next;
      filled = 0;
    }
    lostBefore = lost;
    // If no frame is being filled, samples before the next frame boundary are skipped.
    long skipped = filled == 0 ? Math.max(0, frameIndex - sampleIndex) : 0;
    int offset = (int) Math.min(length, skipped * step);
    boolean published = false;
    while (offset < length) {
      if (filled == 0) {
        // The same to the nanosecond, whatever the block's first sample: a replay has other blocks.
        long offsetNanos = format.nanosOf(frameIndex) - format.nanosOf(sampleIndex);
        frameNanos = block.captureNanos() + offsetNanos;
        frameUnixNanos = block.captureUnixNanos() + offsetNanos;
      }
      int n = Math.min(pending.length - filled, length - offset);
      System.arraycopy(block.pcm(), offset, pending, filled, n);
      filled += n;
      offset += n;
      if (filled == pending.length) {
        publish(block);
        published = true;
      }
    }
    return published;
  }

  private long nextFrame(long sampleIndex) {
    return Math.floorDiv(sampleIndex + frameSize - 1, frameSize) * frameSize;
  }

  /** Publishes the frame whose last samples are those of a block. */
  private void publish(Period last) {
    long readNanos = last.readNanos();
    byte[] message =
        encoder.encode(
            new Period(pending, frameSize, frameIndex, frameNanos, frameUnixNanos, readNanos));
    ring.publish(
        new Frame(
            ring.head(),
            frameIndex,
            losses,
            frameNanos,
            frameUnixNanos,
            readNanos,
            nanoTime.getAsLong(),
            last.waitedNanos(),
            message));
    frameIndex += frameSize;
    filled = 0;
  }
}
