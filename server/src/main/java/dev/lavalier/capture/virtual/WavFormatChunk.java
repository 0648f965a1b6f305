package dev.lavalier.capture.virtual;

import dev.lavalier.audio.PcmFormat;
import org.jspecify.annotations.Nullable;

/**
 * The fmt chunk of a WAV file. Immutable.
 *
 * @param encoding the encoding of the values; {@link WavEncoding#S24_LOW} stands for 24 bits in any
 *     three of four bytes
 * @param rateHz samples per second and channel, in the range of {@link PcmFormat}
 * @param channels number of channels, in the range of {@link PcmFormat}
 */
record WavFormatChunk(WavEncoding encoding, int rateHz, int channels) {

  /** The size of the chunk with the fields of WAVE_FORMAT_EXTENSIBLE. */
  static final int MAX_BYTES = 40;

  private static final int MIN_BYTES = 16;

  private static final int TAG_PCM = 1;
  private static final int TAG_FLOAT = 3;
  private static final int TAG_A_LAW = 6;
  private static final int TAG_MU_LAW = 7;
  private static final int TAG_EXTENSIBLE = 0xfffe;

  /** The end of a sub-format that begins with a format tag: 0000-0010-8000-00AA00389B71. */
  private static final long SUB_FORMAT_MIDDLE = 0x0010_0000_0000L;

  private static final long SUB_FORMAT_END = 0x719b_3800_aa00_0080L;

  /**
   * Parses a chunk.
   *
   * @param chunk the content of the chunk, at most its first {@link #MAX_BYTES}
   * @throws InvalidWavException if it contradicts itself, or the file cannot be played
   */
  static WavFormatChunk parse(byte[] chunk) throws InvalidWavException {
    if (chunk.length < MIN_BYTES) {
      throw new InvalidWavException(
          "a fmt chunk of %d bytes or more, not %d".formatted(MIN_BYTES, chunk.length));
    }
    int channels = unsigned16(chunk, 2);
    long rateHz = WavEncoding.littleEndian(chunk, 4, 4);
    int blockAlign = unsigned16(chunk, 12);
    int bits = unsigned16(chunk, 14);
    if (channels < 1 || channels > PcmFormat.MAX_CHANNELS) {
      throw new InvalidWavException(
          "1 to %d channels, not %d".formatted(PcmFormat.MAX_CHANNELS, channels));
    }
    if (rateHz < PcmFormat.MIN_RATE_HZ || rateHz > PcmFormat.MAX_RATE_HZ) {
      throw new InvalidWavException(
          "%d to %d Hz, not %d".formatted(PcmFormat.MIN_RATE_HZ, PcmFormat.MAX_RATE_HZ, rateHz));
    }
    int tag = unsigned16(chunk, 0);
    WavEncoding encoding = encoding(tag == TAG_EXTENSIBLE ? subFormat(chunk, bits) : tag, bits);
    if (encoding == WavEncoding.S24 && bits == 24 && blockAlign == 4 * channels) {
      encoding = WavEncoding.S24_LOW;
    }
    if (blockAlign != channels * encoding.bytes()) {
      throw new InvalidWavException(
          "a block align of %d bytes for %d channels of %d bits, not %d"
              .formatted(channels * encoding.bytes(), channels, bits, blockAlign));
    }
    return new WavFormatChunk(encoding, (int) rateHz, channels);
  }

  private static WavEncoding encoding(int tag, int bits) throws InvalidWavException {
    WavEncoding encoding =
        switch (tag) {
          case TAG_PCM -> pcm(bits);
          case TAG_FLOAT -> bits == 32 ? WavEncoding.F32 : bits == 64 ? WavEncoding.F64 : null;
          case TAG_A_LAW -> bits == 8 ? WavEncoding.A_LAW : null;
          case TAG_MU_LAW -> bits == 8 ? WavEncoding.MU_LAW : null;
          default -> null;
        };
    if (encoding == null) {
      throw new InvalidWavException(
          "PCM of 8 to 32 bits, float of 32 or 64 bits, A-law or mu-law of 8 bits, not %s of %d bits"
              .formatted(name(tag), bits));
    }
    return encoding;
  }

  /** Values of other sizes fill the high bits of the next whole number of bytes. */
  private static @Nullable WavEncoding pcm(int bits) {
    return switch ((bits + 7) / 8) {
      case 1 -> bits == 8 ? WavEncoding.U8 : null;
      case 2 -> WavEncoding.S16;
      case 3 -> WavEncoding.S24;
      case 4 -> WavEncoding.S32;
      default -> null;
    };
  }

  /** Returns the format tag in the fields of WAVE_FORMAT_EXTENSIBLE. */
  private static int subFormat(byte[] chunk, int bits) throws InvalidWavException {
    if (chunk.length < MAX_BYTES) {
      throw new InvalidWavException(
          "a fmt chunk of %d bytes or more for WAVE_FORMAT_EXTENSIBLE, not %d"
              .formatted(MAX_BYTES, chunk.length));
    }
    int validBits = unsigned16(chunk, 18); // some programs write 0
    if (validBits > bits) {
      throw new InvalidWavException(
          "at most %d valid bits of %d, not %d".formatted(bits, bits, validBits));
    }
    if (WavEncoding.littleEndian(chunk, 26, 6) != SUB_FORMAT_MIDDLE
        || WavEncoding.littleEndian(chunk, 32, 8) != SUB_FORMAT_END) {
      throw new InvalidWavException(
          "a sub-format that is PCM, float, A-law or mu-law, not another");
    }
    return unsigned16(chunk, 24);
  }

  private static String name(int tag) {
    String name =
        switch (tag) {
          case TAG_PCM -> "PCM";
          case 2 -> "Microsoft ADPCM";
          case TAG_FLOAT -> "float";
          case TAG_A_LAW -> "A-law";
          case TAG_MU_LAW -> "mu-law";
          case 0x11 -> "IMA ADPCM";
          case 0x31 -> "GSM 6.10";
          case 0x50 -> "MPEG";
          case 0x55 -> "MP3";
          default -> "an unknown format";
        };
    return "%s (tag 0x%04X)".formatted(name, tag);
  }

  private static int unsigned16(byte[] chunk, int offset) {
    return (int) WavEncoding.littleEndian(chunk, offset, 2);
  }
}
