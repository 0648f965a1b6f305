package dev.lavalier.pipeline;

import dev.lavalier.audio.PcmFormat;
import dev.lavalier.capture.Period;

/**
 * Cuts blocks of delivered samples into frames of one size, on the sample grid, and encodes each
 * once. It begins at the first whole frame that it sees, and again after each run of samples that
 * the device lost.
 *
 * <p>{@link #accept} runs on the reader's thread; the ring is read by lanes.
 */
final class Framer {

  private final StreamPlan plan;
  private final PcmFormat format; // of the frames
  private final int frameSize;
  private final FrameCodec codec;
  private final FrameRing ring = new FrameRing();

  // The reader's thread alone.
  private final byte[] pending;
  private int filled; // bytes of pending
  private long frameIndex = -1; // the first sample of the frame being filled; -1: not begun
  private long frameNanos;
  private long frameUnixNanos;
  private long deviceLoss; // samples between frames that the device lost
  private long sequence;

  private volatile long firstIndex = -1;

  Framer(StreamPlan plan) {
    this.plan = plan;
    this.format = plan.conversion().delivered();
    this.frameSize = plan.frameSize();
    this.codec = plan.codec();
    this.pending = new byte[frameSize * format.bytesPerSampleFrame()];
  }

  StreamPlan plan() {
    return plan;
  }

  FrameRing ring() {
    return ring;
  }

  /** Returns the sample index of the first frame of all; -1 until it is begun. */
  long firstIndex() {
    return firstIndex;
  }

  /**
   * Takes one block.
   *
   * @param block in the format of the frames; its array is not kept. If its index is not the next
   *     one, the samples between are lost
   * @return whether at least one frame was published
   */
  boolean accept(Period block) {
    int step = format.bytesPerSampleFrame();
    int length = block.samples() * step;
    long sampleIndex = block.sampleIndex();
    if (frameIndex < 0) {
      frameIndex = nextFrame(sampleIndex);
      firstIndex = frameIndex;
    } else if (sampleIndex > frameIndex + filled / step) {
      // What is pending cannot become a whole frame: it counts as lost with the rest.
      long next = nextFrame(sampleIndex);
      deviceLoss += next - frameIndex;
      frameIndex = next;
      filled = 0;
    }
    // While no frame is begun, what comes before the grid's next line is passed over.
    long skipped = filled == 0 ? Math.max(0, frameIndex - sampleIndex) : 0;
    int offset = (int) Math.min(length, skipped * step);
    boolean published = false;
    while (offset < length) {
      if (filled == 0) {
        frameNanos = block.captureNanos() + format.nanosOf(offset / step);
        frameUnixNanos = block.captureUnixNanos() + format.nanosOf(offset / step);
      }
      int n = Math.min(pending.length - filled, length - offset);
      System.arraycopy(block.pcm(), offset, pending, filled, n);
      filled += n;
      offset += n;
      if (filled == pending.length) {
        publish(block.readNanos());
        published = true;
      }
    }
    return published;
  }

  private long nextFrame(long sampleIndex) {
    return Math.floorDiv(sampleIndex + frameSize - 1, frameSize) * frameSize;
  }

  private void publish(long readNanos) {
    byte[] message =
        codec.encode(pending, frameIndex, frameUnixNanos, Math.max(0, readNanos - frameNanos));
    ring.publish(new Frame(sequence++, frameIndex, deviceLoss, frameNanos, readNanos, message));
    frameIndex += frameSize;
    filled = 0;
  }
}
