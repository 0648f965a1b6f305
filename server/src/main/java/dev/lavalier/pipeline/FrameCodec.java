package dev.lavalier.pipeline;

/**
 * Encodes frames as messages of the contract. Called on capture threads, several at once: it must
 * neither block nor keep the samples.
 */
@FunctionalInterface
public interface FrameCodec {

  /**
   * Encodes one frame.
   *
   * @param pcm the samples in the delivery format; valid only during the call
   * @param sampleIndex index of the first sample in the epoch, per channel
   * @param captureUnixNanos unix time at which that sample was captured, estimated
   * @param readDelayNanos nanoseconds from then until the server had read the whole frame
   * @return the encoded message; nobody writes to it any more
   */
  byte[] encode(byte[] pcm, long sampleIndex, long captureUnixNanos, long readDelayNanos);
}
