package dev.lavalier.web;

import dev.lavalier.v1.Codec;
import dev.lavalier.v1.StreamStarted;
import java.util.Map;
import java.util.Optional;

/** What an HTTP stream of a device contains. */
enum AudioContainer {
  WAV("audio/wav", Codec.CODEC_PCM),
  FLAC("audio/flac", Codec.CODEC_FLAC),
  OGG("audio/ogg", Codec.CODEC_OPUS);

  private static final Map<String, AudioContainer> EXTENSIONS =
      Map.of("wav", WAV, "flac", FLAC, "opus", OGG, "ogg", OGG);

  private final String contentType;
  private final Codec codec;

  AudioContainer(String contentType, Codec codec) {
    this.contentType = contentType;
    this.codec = codec;
  }

  /** Returns the container of an extension; empty: there is none. */
  static Optional<AudioContainer> ofExtension(String extension) {
    return Optional.ofNullable(EXTENSIONS.get(extension));
  }

  String contentType() {
    return contentType;
  }

  Codec codec() {
    return codec;
  }

  /** Creates the body of a stream. */
  AudioBody body(StreamStarted started) {
    return switch (this) {
      case WAV -> AudioBody.wav(started);
      case FLAC -> AudioBody.flac(started);
      case OGG -> AudioBody.ogg(started);
    };
  }
}
