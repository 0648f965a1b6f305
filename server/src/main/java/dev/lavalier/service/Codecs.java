package dev.lavalier.service;

import dev.lavalier.common.StreamException;
import dev.lavalier.common.StreamException.Reason;
import dev.lavalier.pipeline.EncoderThreads;
import dev.lavalier.pipeline.FrameCodec;
import dev.lavalier.pipeline.PacketCodec;
import dev.lavalier.v1.Codec;
import dev.lavalier.v1.StreamFramesRequest;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.IntFunction;
import java.util.stream.Collectors;

/**
 * The codecs that streams can request, besides PCM. Immutable.
 *
 * @param flac empty: the server does not have it
 * @param opus creates the codec for a bit rate in bits per second; empty: the server does not have
 *     it
 * @param threads encode live frames
 */
public record Codecs(
    Optional<PacketCodec> flac, Optional<IntFunction<PacketCodec>> opus, EncoderThreads threads) {

  /** Only PCM. */
  public static final Codecs PCM_ONLY =
      new Codecs(Optional.empty(), Optional.empty(), EncoderThreads.NONE);

  /** The bit rates of Opus. They are few, so that subscribers share encoders. */
  private static final List<Integer> BITRATES =
      List.of(16_000, 24_000, 32_000, 48_000, 64_000, 96_000, 128_000, 192_000);

  private static final int DEFAULT_MONO_BITRATE = 64_000;
  private static final int DEFAULT_STEREO_BITRATE = 96_000;

  /** Returns the names of all codecs, in the order of their numbers. */
  List<Codec> names() {
    TreeMap<Integer, Codec> names = new TreeMap<>(Map.of(Codec.CODEC_PCM_VALUE, Codec.CODEC_PCM));
    opus.ifPresent(o -> names.put(Codec.CODEC_OPUS_VALUE, Codec.CODEC_OPUS));
    flac.ifPresent(f -> names.put(Codec.CODEC_FLAC_VALUE, Codec.CODEC_FLAC));
    return List.copyOf(names.values());
  }

  /**
   * Returns the codec that a request names.
   *
   * @param channels the number of channels of the stream
   * @throws StreamException INVALID_REQUEST, or FORMAT_NOT_AVAILABLE if the server does not have it
   */
  FrameCodec codec(StreamFramesRequest request, int channels) throws StreamException {
    Codec codec = request.getCodec();
    if (codec == Codec.UNRECOGNIZED) {
      throw new StreamException(
          Reason.INVALID_REQUEST,
          "codec: %d (expected: 0..3, see Codec)".formatted(request.getCodecValue()));
    }
    checkBitrate(request);
    return switch (codec) {
      case CODEC_OPUS -> {
        int bitrate = bitrate(request.getBitrate(), channels);
        yield new PacketMessages(
            codec, bitrate, opus.orElseThrow(() -> missing(codec)).apply(bitrate), threads);
      }
      case CODEC_FLAC ->
          new PacketMessages(codec, 0, flac.orElseThrow(() -> missing(codec)), threads);
      default -> ProtoMessages.PCM;
    };
  }

  private static int bitrate(int requested, int channels) {
    int byDefault = channels == 1 ? DEFAULT_MONO_BITRATE : DEFAULT_STEREO_BITRATE;
    return requested == 0 ? byDefault : requested;
  }

  private static void checkBitrate(StreamFramesRequest request) throws StreamException {
    int bitrate = request.getBitrate();
    boolean hasBitrate = request.getCodec() == Codec.CODEC_OPUS;
    if (bitrate != 0 && !(hasBitrate && BITRATES.contains(bitrate))) {
      String expected =
          hasBitrate
              ? "0, " + BITRATES.stream().map(String::valueOf).collect(Collectors.joining(", "))
              : "0; only CODEC_OPUS has a bit rate";
      throw new StreamException(
          Reason.INVALID_REQUEST, "bitrate: %d (expected: %s)".formatted(bitrate, expected));
    }
  }

  private StreamException missing(Codec codec) {
    String names = names().stream().map(Codec::name).collect(Collectors.joining(", "));
    return new StreamException(
        Reason.FORMAT_NOT_AVAILABLE, "codec: %s (expected: %s)".formatted(codec, names));
  }
}
