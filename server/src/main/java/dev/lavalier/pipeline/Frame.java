package dev.lavalier.pipeline;

/**
 * One encoded frame, shared by all subscribers of its format and frame size. Immutable; the array
 * of {@link #message} is never written after the frame is created.
 */
public final class Frame {

  private final long sequence;
  private final long sampleIndex;
  private final LossTotals lossesBefore;
  private final long captureNanos;
  private final long captureUnixNanos;
  private final long readNanos;
  private final long offeredNanos;
  private final long waitedNanos;
  private final byte[] message;

  /**
   * Creates a frame.
   *
   * @param sequence number of the frame among the frames of its framer, from 0
   * @param sampleIndex index of its first sample in the epoch, per channel
   * @param lossesBefore samples that this framer skipped before the frame because they were lost
   * @param captureNanos steady time at which its first sample was captured
   * @param captureUnixNanos the same instant as unix time
   * @param readNanos steady time at which the whole frame had been read
   * @param offeredNanos steady time at which it was offered to the subscribers
   * @param waitedNanos how long its samples had waited on their way to this machine
   * @param message the message that {@link FrameEncoder} encoded; not copied
   */
  Frame(
      long sequence,
      long sampleIndex,
      LossTotals lossesBefore,
      long captureNanos,
      long captureUnixNanos,
      long readNanos,
      long offeredNanos,
      long waitedNanos,
      byte[] message) {
    this.sequence = sequence;
    this.sampleIndex = sampleIndex;
    this.lossesBefore = lossesBefore;
    this.captureNanos = captureNanos;
    this.captureUnixNanos = captureUnixNanos;
    this.readNanos = readNanos;
    this.offeredNanos = offeredNanos;
    this.waitedNanos = waitedNanos;
    this.message = message;
  }

  /** Returns the number of the frame among the frames of its framer, from 0. */
  long sequence() {
    return sequence;
  }

  /** Returns the index of the first sample in the epoch, counted per channel from 0. */
  public long sampleIndex() {
    return sampleIndex;
  }

  /** Returns the samples that the framer skipped before the frame because they were lost. */
  public LossTotals lossesBefore() {
    return lossesBefore;
  }

  /** Returns the steady time at which the first sample was captured. */
  public long captureNanos() {
    return captureNanos;
  }

  /** Returns the unix time at which the first sample was captured. */
  public long captureUnixNanos() {
    return captureUnixNanos;
  }

  /** Returns the steady time at which the whole frame had been read. */
  public long readNanos() {
    return readNanos;
  }

  /** Returns how long its samples had waited on their way to this machine, in nanoseconds. */
  long waitedNanos() {
    return waitedNanos;
  }

  /** Returns the age at a steady time: the time on the way, and since it was offered. */
  long ageNanos(long now) {
    return now - offeredNanos + waitedNanos;
  }

  /** Returns the encoded message for a subscriber without a gap before this frame. Not copied. */
  public byte[] message() {
    return message;
  }
}
