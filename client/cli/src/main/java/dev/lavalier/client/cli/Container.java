package dev.lavalier.client.cli;

import dev.lavalier.client.Codec;
import dev.lavalier.client.PcmFormat;
import dev.lavalier.client.SampleEncoding;
import dev.lavalier.client.StreamStart;
import dev.lavalier.container.FlacEncoder;
import dev.lavalier.container.OggOpus;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What a recording is written as. */
enum Container {
  /** A WAV file, or a WAV stream of unknown length if the target cannot seek. */
  WAV,
  /** The samples, without a header. */
  RAW,
  /** A FLAC file, or a FLAC stream of unknown length if the target cannot seek. */
  FLAC,
  /** Packets of Opus in Ogg. */
  OGG;

  private static final Map<String, Container> EXTENSIONS =
      Map.of("wav", WAV, "flac", FLAC, "opus", OGG, "ogg", OGG);

  private static final List<Integer> OPUS_RATES_HZ = List.of(8_000, 12_000, 16_000, 24_000, 48_000);
  private static final int OPUS_MAX_FRAME_PARTS = 8; // of a second: 120 ms and a little more

  /** Returns the container that the extension of a file means; empty: it means none of them. */
  static Optional<Container> ofName(String name) {
    return name.contains(".")
        ? Optional.ofNullable(
            EXTENSIONS.get(name.substring(name.lastIndexOf('.') + 1).toLowerCase(Locale.ROOT)))
        : Optional.empty();
  }

  /** Returns the codec of the stream; empty: any, which the library decodes. */
  Optional<Codec> codec() {
    return switch (this) {
      case WAV, RAW -> Optional.empty();
      case FLAC -> Optional.of(Codec.FLAC);
      case OGG -> Optional.of(Codec.OPUS);
    };
  }

  /**
   * Checks that the container can hold a stream. That is not the case if the server is older than
   * codecs.
   *
   * @throws CliException if it cannot
   */
  void check(StreamStart start) {
    PcmFormat format = start.format();
    if (this == FLAC
        && (format.channelCount() > FlacEncoder.MAX_CHANNELS
            || (format.encoding() != SampleEncoding.S16LE
                && format.encoding() != SampleEncoding.S24LE))) {
      throw new CliException(
          "--format: %s (expected: s16le or s24le, and 1 to %d channels; the server has no flac)"
              .formatted(format, FlacEncoder.MAX_CHANNELS),
          null);
    }
    if (this == OGG
        && (start.codec() != Codec.OPUS
            || format.channelCount() > 2
            || !OPUS_RATES_HZ.contains(format.sampleRateHz())
            || start.codecConfig().remaining() < OggOpus.HEAD_BYTES
            || start.frameSize() > format.sampleRateHz() / OPUS_MAX_FRAME_PARTS)) {
      throw new CliException("--codec: opus (expected: pcm; the server has no opus)", null);
    }
  }

  /**
   * Returns an output to a regular file, whose content is discarded. The output closes the file.
   *
   * @param neighbors the packets around those of this file; null: there are none
   */
  AudioOutput toFile(FileChannel file, StreamStart start, @Nullable OpusNeighbors neighbors)
      throws IOException {
    file.truncate(0);
    return switch (this) {
      case WAV -> new WavFile(file, start.format());
      case RAW -> new StreamOutput(Channels.newOutputStream(file));
      case FLAC -> FlacOutput.toFile(file, start);
      case OGG ->
          new OpusOutput(
              Channels.newOutputStream(file), start, start.format().sampleRateHz(), neighbors);
    };
  }

  /** Returns an output to a pipe, which the output closes. It gets each frame at once. */
  AudioOutput toStream(OutputStream out, StreamStart start) {
    return switch (this) {
      case WAV, RAW -> new StreamOutput(out);
      case FLAC -> FlacOutput.toStream(out, start);
      case OGG -> new OpusOutput(out, start, 0, null);
    };
  }

  /** Returns the name used on command lines. */
  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
