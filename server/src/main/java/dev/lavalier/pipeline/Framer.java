package dev.lavalier.pipeline;

import dev.lavalier.audio.PcmFormat;
import dev.lavalier.capture.Period;

/**
 * Cuts blocks of delivered samples into frames of one size and encodes each frame once. Frames
 * start at multiples of the frame size. The first frame is the first whole one in the input; after
 * lost samples, the framer continues with the next whole frame.
 *
 * <p>{@link #accept} is called by one thread, usually the capture thread. Delivery loops read the
 * ring.
 */
final class Framer implements FrameProducer {

  private final StreamPlan plan;
  private final PcmFormat format; // of the frames
  private final int frameSize;
  private final FrameEncoder encoder;
  private final FrameRing ring;

  // Used only by the thread that calls accept().
  private final byte[] pending;
  private int filled; // bytes in pending
  private long frameIndex = -1; // first sample of the frame being filled; -1: no block yet
  private long frameNanos;
  private long frameUnixNanos;
  private LossTotals losses = LossTotals.NONE; // samples that were skipped between frames
  private long sequence;

  private volatile long firstIndex = -1;

  /**
   * Creates a framer.
   *
   * @param plan a plan with a {@link FrameCodec}
   * @param slots the slots of its ring, a power of 2
   */
  Framer(StreamPlan plan, int slots) {
    this.plan = plan;
    this.ring = new FrameRing(slots);
    this.format = plan.conversion().delivered();
    this.frameSize = plan.frameSize();
    this.encoder = ((FrameCodec) plan.codec()).newEncoder(format, frameSize);
    this.pending = new byte[frameSize * format.bytesPerSampleFrame()];
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

  /**
   * Adds one block.
   *
   * @param block in the format of the frames; its array is not kept. If it does not continue the
   *     block before, the samples in between are lost
   * @param offeredNanos the current steady time
   * @return whether at least one frame was published
   */
  boolean accept(Period block, long offeredNanos) {
    int step = format.bytesPerSampleFrame();
    int length = block.samples() * step;
    long sampleIndex = block.sampleIndex();
    if (frameIndex < 0) {
      frameIndex = nextFrame(sampleIndex);
      firstIndex = frameIndex;
    } else if (sampleIndex > frameIndex + filled / step) {
      // The pending samples cannot become a whole frame, so they count as lost too.
      long next = nextFrame(sampleIndex);
      losses = losses.plus(next - frameIndex, block.loss());
      frameIndex = next;
      filled = 0;
    }
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
        publish(block.readNanos(), offeredNanos);
        published = true;
      }
    }
    return published;
  }

  private long nextFrame(long sampleIndex) {
    return Math.floorDiv(sampleIndex + frameSize - 1, frameSize) * frameSize;
  }

  private void publish(long readNanos, long offeredNanos) {
    byte[] message =
        encoder.encode(
            new Period(pending, frameSize, frameIndex, frameNanos, frameUnixNanos, readNanos));
    ring.publish(
        new Frame(
            sequence++,
            frameIndex,
            losses,
            frameNanos,
            frameUnixNanos,
            readNanos,
            offeredNanos,
            message));
    frameIndex += frameSize;
    filled = 0;
  }
}
