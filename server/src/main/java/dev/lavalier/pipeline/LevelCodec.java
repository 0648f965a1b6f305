package dev.lavalier.pipeline;

import dev.lavalier.audio.PcmFormat;

/**
 * Encodes the levels of intervals as messages of the contract. A frame of a plan with this codec is
 * one interval of {@code frameSize} samples. Each interval is measured and encoded once for all
 * subscribers of the plan.
 *
 * <p>Called on capture threads; must not block. It has no state.
 */
@FunctionalInterface
public non-sealed interface LevelCodec extends StreamCodec {

  /**
   * Encodes the levels of one interval.
   *
   * @param levels valid only during the call
   * @return the encoded message; it is never written again
   */
  byte[] encode(IntervalLevels levels);

  /** Returns an upper bound for a message with a few fields and three values for each channel. */
  @Override
  default int frameBytes(PcmFormat format, int frameSize) {
    return 64 + 32 * format.channelCount();
  }
}
