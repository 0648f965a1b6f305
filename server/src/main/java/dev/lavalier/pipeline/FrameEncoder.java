package dev.lavalier.pipeline;

import dev.lavalier.capture.Period;

/**
 * Encodes the frames of one sequence, in order: as messages of the contract, or as the packets of a
 * {@link PacketCodec}. Used by one thread at a time: a capture thread, an encoder thread, or a
 * delivery loop during a replay. It must not block and must not keep the samples.
 */
@FunctionalInterface
public interface FrameEncoder {

  /**
   * Encodes one frame.
   *
   * @param frame the samples in the delivery format, with their times; its array has the length of
   *     the frame and is valid only during the call
   * @return the encoded message or packet; it is never written again
   */
  byte[] encode(Period frame);
}
