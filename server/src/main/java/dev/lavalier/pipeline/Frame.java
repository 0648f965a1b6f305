package dev.lavalier.pipeline;

/**
 * One encoded frame, shared by every subscriber of its format and frame size. Immutable; nobody
 * writes to {@link #message} after it is made.
 */
public final class Frame {

  private final long sequence;
  private final long sampleIndex;
  private final long deviceLossBefore;
  private final long captureNanos;
  private final long readNanos;
  private final byte[] message;

  /**
   * Makes a frame.
   *
   * @param sequence its number among its framer's frames, from 0
   * @param sampleIndex the number of its first sample in the epoch, per channel
   * @param deviceLossBefore samples that the device lost before it, of this framer's grid, all
   *     together
   * @param captureNanos when its first sample was captured, by the steady clock
   * @param readNanos when the whole of it had been read, by the steady clock
   * @param message what {@link FrameCodec} made of it; not copied
   */
  Frame(
      long sequence,
      long sampleIndex,
      long deviceLossBefore,
      long captureNanos,
      long readNanos,
      byte[] message) {
    this.sequence = sequence;
    this.sampleIndex = sampleIndex;
    this.deviceLossBefore = deviceLossBefore;
    this.captureNanos = captureNanos;
    this.readNanos = readNanos;
    this.message = message;
  }

  long sequence() {
    return sequence;
  }

  /** Returns the number of its first sample in the epoch, counted per channel from 0. */
  public long sampleIndex() {
    return sampleIndex;
  }

  public long deviceLossBefore() {
    return deviceLossBefore;
  }

  public long captureNanos() {
    return captureNanos;
  }

  public long readNanos() {
    return readNanos;
  }

  /** Returns the encoded message, as it travels to a subscriber who missed nothing. Not copied. */
  public byte[] message() {
    return message;
  }
}
