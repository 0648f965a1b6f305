package dev.lavalier.client;

import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * Decodes the packets of one epoch, in order, to PCM in the format of the stream. Used by the
 * reading thread.
 */
interface PacketDecoder {

  /**
   * Decodes one packet.
   *
   * @return {@code frameSize} samples of each channel
   * @throws LavalierException INTERNAL if it is not a packet of the stream
   */
  ByteBuffer decode(byte[] packet) throws LavalierException;

  /**
   * Continues after a gap. Called before the packet after it.
   *
   * @param missing samples per channel
   * @return what takes the place of the first of them; null: nothing
   * @throws LavalierException INTERNAL if the decoder fails
   */
  default @Nullable ByteBuffer conceal(long missing) throws LavalierException {
    return null;
  }

  /**
   * Returns a decoder for the frames of an epoch; null if they contain PCM.
   *
   * @throws LavalierException INTERNAL if the codec does not have the format
   */
  static @Nullable PacketDecoder of(StreamStart start) throws LavalierException {
    return switch (start.codec()) {
      case PCM -> null;
      case OPUS -> OpusPackets.decoder(start);
      case FLAC -> FlacPackets.decoder(start);
    };
  }

  /** Returns the exception for a packet that cannot be decoded. */
  static LavalierException malformed(Codec codec, String reason, @Nullable Throwable cause) {
    return new LavalierException(
        LavalierException.Kind.INTERNAL,
        "packet: %s (expected: a packet of %s)".formatted(reason, codec),
        cause);
  }

  /** Returns the exception for a format that the codec does not have. */
  static LavalierException notAvailable(Codec codec, StreamStart start) {
    return new LavalierException(
        LavalierException.Kind.INTERNAL,
        "format: %s with frame_size %d (expected: a format of %s)"
            .formatted(start.format(), start.frameSize(), codec),
        null);
  }
}
