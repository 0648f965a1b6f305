package dev.lavalier.pipeline;

import dev.lavalier.audio.PcmFormat;
import dev.lavalier.capture.Loss;
import dev.lavalier.capture.LossCause;
import dev.lavalier.capture.Period;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/**
 * Cuts blocks of delivered samples into frames of one size and encodes each frame once. Frames
 * start at multiples of the frame size. The first frame is the first whole one in the input; after
 * lost samples, the framer continues with the next whole frame.
 *
 * <p>{@link #accept} is called by one thread, usually the capture thread. If the codec has threads
 * of its own, one of them encodes and publishes the frames. Frames for which it has no time are
 * lost to the server's overload. Delivery loops read the ring.
 */
final class Framer implements FrameProducer {

  private static final Loss NOT_ENCODED = new Loss(LossCause.SERVER_OVERLOAD, false);

  private final StreamPlan plan;
  private final PcmFormat format; // of the frames
  private final int frameSize;
  private final FrameEncoder encoder;
  private final FrameRing ring;
  private final @Nullable EncodingQueue encoding; // null: encodes on the thread that calls accept()

  // Used only by the thread that calls accept().
  private final byte[] pending;
  private int filled; // bytes in pending
  private long frameIndex = -1; // first sample of the frame being filled; -1: no block yet
  private long frameNanos;
  private long frameUnixNanos;
  private LossTotals losses = LossTotals.NONE; // samples that were skipped between frames

  private volatile long firstIndex = -1;

  /** Creates a framer that encodes on the thread that calls {@link #accept}. */
  Framer(StreamPlan plan, int slots) {
    this(plan, slots, null);
  }

  /**
   * Creates a framer.
   *
   * @param plan a plan with a {@link FrameCodec}
   * @param slots the slots of its ring, a power of 2
   * @param services for an encoder thread; null: the thread that calls {@link #accept} encodes
   */
  Framer(StreamPlan plan, int slots, EncodingQueue.@Nullable Services services) {
    this.plan = plan;
    this.ring = new FrameRing(slots);
    this.format = plan.conversion().delivered();
    this.frameSize = plan.frameSize();
    FrameCodec codec = (FrameCodec) plan.codec();
    this.encoder = codec.newEncoder(format, frameSize);
    this.pending = new byte[frameSize * format.bytesPerSampleFrame()];
    Executor thread = services == null ? null : codec.assignThread();
    this.encoding =
        thread == null
            ? null
            : new EncodingQueue(encoder, ring, thread, plan.encodingFrames(), services);
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
   * @return whether at least one frame was published before this method returned
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
        published |= complete(block.readNanos(), offeredNanos);
      }
    }
    return published;
  }

  private long nextFrame(long sampleIndex) {
    return Math.floorDiv(sampleIndex + frameSize - 1, frameSize) * frameSize;
  }

  /** Publishes the frame that is complete, or passes it on. Returns whether it was published. */
  private boolean complete(long readNanos, long offeredNanos) {
    Period frame =
        new Period(pending, frameSize, frameIndex, frameNanos, frameUnixNanos, readNanos);
    if (encoding == null) {
      publish(frame, offeredNanos);
    } else if (!encoding.offer(frame.copy(), losses)) {
      losses = losses.plus(frameSize, NOT_ENCODED);
    }
    frameIndex += frameSize;
    filled = 0;
    return encoding == null;
  }

  private void publish(Period frame, long offeredNanos) {
    byte[] message = encoder.encode(frame);
    ring.publish(
        new Frame(
            ring.head(),
            frameIndex,
            losses,
            frameNanos,
            frameUnixNanos,
            frame.readNanos(),
            offeredNanos,
            message));
  }
}
