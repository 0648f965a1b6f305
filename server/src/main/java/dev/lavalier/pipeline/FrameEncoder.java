package dev.lavalier.pipeline;

/**
 * Encodes the frames of one sequence, in order, as messages of the contract. Used by one thread at
 * a time: a capture thread, or a delivery loop during a replay. It must not block and must not keep
 * the samples.
 */
@FunctionalInterface
public interface FrameEncoder {

  /**
   * Encodes one frame.
   *
   * @param pcm the samples in the delivery format; valid only during the call
   * @param sampleIndex index of the first sample in the epoch, per channel
   * @param captureUnixNanos estimated unix time at which that sample was captured
   * @param readDelayNanos nanoseconds from that time until the server had read the whole frame
   * @return the encoded message; it is never written again
   */
  byte[] encode(byte[] pcm, long sampleIndex, long captureUnixNanos, long readDelayNanos);
}
