package dev.lavalier.pipeline;

import dev.lavalier.audio.Conversion;
import dev.lavalier.audio.LevelMeter;
import dev.lavalier.audio.PcmFormat;

/**
 * How the frames of a stream are made. Subscriptions with equal plans share the conversion, the
 * framer and the encoded frames or levels.
 *
 * @param conversion from the capture format to the delivery format
 * @param frameSize samples per channel in a frame, at the delivered rate
 * @param codec encodes the frames, or measures their levels; plans are equal only if they have the
 *     same codec object
 */
public record StreamPlan(Conversion conversion, int frameSize, StreamCodec codec) {

  /**
   * A capture thread that was delayed publishes the content of a line's buffer at once. The ring
   * keeps these frames for the subscribers that are ready for them. No period is longer.
   */
  static final long MAX_BURST_NANOS = 250_000_000;

  /** What may wait for an encoder thread: one burst, and two periods of at most 100 ms. */
  private static final long MAX_WAITING_NANOS = MAX_BURST_NANOS + 200_000_000;

  private static final long MIN_PERIOD_NANOS = 1_000_000;

  private static final int MAX_BURST_FRAMES = 16_384;

  /** Bytes of a frame in a ring, besides its message, or of a period that waits. */
  private static final int FRAME_OBJECT_BYTES = 128;

  /** Returns whether the frames contain levels instead of audio. */
  public boolean measuresLevels() {
    return codec instanceof LevelCodec;
  }

  /** Returns the usual length of an encoded frame in bytes. */
  public int messageBytes() {
    return codec.frameBytes(conversion.delivered(), frameSize);
  }

  /**
   * Returns how many slots the ring of a framer has.
   *
   * @param queueFrames the maximum number of live frames that may wait for a subscription
   */
  public int ringSlots(int queueFrames) {
    long burst = conversion.delivered().samplesIn(MAX_BURST_NANOS) / frameSize;
    return FrameRing.slotsFor(Math.max(queueFrames, (int) Math.min(MAX_BURST_FRAMES, burst)) + 1);
  }

  /**
   * Returns about how much processor time the encoder takes, in nanoseconds for each second of
   * audio; 0: too little to count.
   */
  public long encodingNanosPerSecond() {
    return codec instanceof FrameCodec frames
        ? frames.workNanosPerSecond(conversion.delivered(), frameSize)
        : 0;
  }

  private long encodingBytes() {
    PcmFormat format = conversion.delivered();
    if (!(codec instanceof FrameCodec frames) || encodingNanosPerSecond() == 0) {
      return 0;
    }
    long waiting =
        format.samplesIn(MAX_WAITING_NANOS) * format.bytesPerSampleFrame()
            + MAX_WAITING_NANOS / MIN_PERIOD_NANOS * FRAME_OBJECT_BYTES;
    return frames.encoderBytes(format, frameSize) + waiting;
  }

  /** Returns about how many bytes a framer takes if its ring has {@code slots} slots. */
  public long framerBytes(int slots) {
    PcmFormat format = conversion.delivered();
    long pending =
        measuresLevels()
            ? LevelMeter.memoryBytes(format)
            : (long) frameSize * format.bytesPerSampleFrame();
    return pending + encodingBytes() + slots * (messageBytes() + (long) FRAME_OBJECT_BYTES);
  }

  /**
   * Returns about how many bytes a replay takes. It has a converter and a framer of its own.
   *
   * @param periodSamples samples per channel in a captured period
   */
  public long replayBytes(int periodSamples) {
    return conversion.memoryBytes(periodSamples) + framerBytes(replaySlots(periodSamples));
  }

  /** Returns the slots for the frames of one captured period. */
  int replaySlots(int periodSamples) {
    return FrameRing.slotsFor(conversion.maxOutputSamples(periodSamples) / frameSize + 2);
  }
}
