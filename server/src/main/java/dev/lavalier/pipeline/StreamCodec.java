package dev.lavalier.pipeline;

import dev.lavalier.audio.PcmFormat;

/**
 * What the frames of a {@link StreamPlan} contain: audio ({@link FrameCodec}) or only its levels
 * ({@link LevelCodec}). Immutable, and safe for use from any thread. Equal plans have the same
 * codec object.
 */
public sealed interface StreamCodec permits FrameCodec, LevelCodec {

  /**
   * Returns the usual length of an encoded frame in bytes. It limits how much a transport buffers.
   *
   * @param format the delivery format
   * @param frameSize samples per channel in a frame
   */
  int frameBytes(PcmFormat format, int frameSize);
}
