package dev.lavalier.hub;

/** Writes a frame as it travels. Called by readers' threads: it must neither block nor keep pcm. */
@FunctionalInterface
public interface FrameCodec {

  /**
   * Encodes one frame.
   *
   * @param pcm the samples; lent for the call
   * @param sampleIndex the number of the first sample in the epoch, per channel
   * @param captureUnixNanos an estimate of when that sample was captured
   * @param readDelayNanos how long after that the whole frame had been read
   */
  byte[] encode(byte[] pcm, long sampleIndex, long captureUnixNanos, long readDelayNanos);
}
