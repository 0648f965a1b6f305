package dev.lavalier.client;

import dev.lavalier.v1.StreamStarted;
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
   * @param packet the packet
   * @param missing samples per channel that are missing before it
   * @return {@code frameSize} samples of each channel
   * @throws LavalierException INTERNAL if it is not a packet of the stream
   */
  ByteBuffer decode(byte[] packet, long missing) throws LavalierException;

  /**
   * Returns a decoder for the frames of an epoch; null if they contain PCM.
   *
   * @throws LavalierException INTERNAL if this client does not know the codec
   */
  static @Nullable PacketDecoder of(StreamStarted started, StreamStart start)
      throws LavalierException {
    return switch (started.getCodec()) {
      case CODEC_UNSPECIFIED, CODEC_PCM -> null;
      case CODEC_OPUS -> OpusPackets.decoder(start);
      case CODEC_FLAC -> FlacPackets.decoder(start);
      case UNRECOGNIZED ->
          throw new LavalierException(
              LavalierException.Kind.INTERNAL,
              "codec: %d (expected: 0..3; the server is newer than this client)"
                  .formatted(started.getCodecValue()),
              null);
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
