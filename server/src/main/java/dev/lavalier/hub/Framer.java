package dev.lavalier.hub;

import dev.lavalier.audio.PcmFormat;

/**
 * Cuts a device's periods into frames of one size, on the sample grid, and encodes each once. It
 * begins at the first whole frame that it sees.
 *
 * <p>{@link #accept} runs on the reader's thread; the ring is read by lanes.
 */
final class Framer {

  private final PcmFormat format;
  private final int frameSize;
  private final FrameEncoder encoder;
  private final FrameRing ring = new FrameRing();

  // The reader's thread alone.
  private final byte[] pending;
  private int filled; // bytes of pending
  private long frameIndex = -1; // the first sample of the frame being filled; -1: not begun
  private long frameUnixNanos;
  private long sequence;

  private volatile long firstIndex = -1;

  Framer(PcmFormat format, int frameSize, FrameEncoder encoder) {
    this.format = format;
    this.frameSize = frameSize;
    this.encoder = encoder;
    this.pending = new byte[frameSize * format.bytesPerSample()];
  }

  int frameSize() {
    return frameSize;
  }

  FrameRing ring() {
    return ring;
  }

  /** Returns the sample index of frame number {@code sequence}, which must have been published. */
  long sampleIndexOf(long sequence) {
    return firstIndex + sequence * frameSize;
  }

  /**
   * Takes one period.
   *
   * @param sampleIndex the number of its first sample in the epoch; periods follow without holes
   * @return whether at least one frame was published
   */
  boolean accept(byte[] period, long sampleIndex, long captureUnixNanos) {
    int step = format.bytesPerSample();
    int offset = 0;
    if (frameIndex < 0) {
      long begin = Math.floorDiv(sampleIndex + frameSize - 1, frameSize) * frameSize;
      long skipped = begin - sampleIndex;
      if (skipped * step >= period.length) {
        return false;
      }
      offset = (int) skipped * step;
      frameIndex = begin;
      firstIndex = begin;
    }
    boolean published = false;
    while (offset < period.length) {
      if (filled == 0) {
        frameUnixNanos = captureUnixNanos + format.nanosOf(offset / step);
      }
      int n = Math.min(pending.length - filled, period.length - offset);
      System.arraycopy(period, offset, pending, filled, n);
      filled += n;
      offset += n;
      if (filled == pending.length) {
        ring.publish(
            new Frame(sequence++, frameIndex, encoder.encode(pending, frameIndex, frameUnixNanos)));
        frameIndex += frameSize;
        filled = 0;
        published = true;
      }
    }
    return published;
  }
}
