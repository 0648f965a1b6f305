package dev.lavalier.capture.virtual;

import dev.lavalier.audio.SampleEncoding;

/** The encodings of samples in WAV files that can be played. All are little-endian. */
enum WavEncoding {
  /** Unsigned 8-bit integer. */
  U8(1, SampleEncoding.S16LE),
  /** Signed 16-bit integer. */
  S16(2, SampleEncoding.S16LE),
  /** Signed 24-bit integer, packed in three bytes. */
  S24(3, SampleEncoding.S24LE),
  /** Signed 24-bit integer in the three low bytes of four. */
  S24_LOW(4, SampleEncoding.S24LE),
  /** Signed 24-bit integer in the three high bytes of four. */
  S24_HIGH(4, SampleEncoding.S24LE),
  /** Signed 32-bit integer. */
  S32(4, SampleEncoding.S32LE),
  /** IEEE 754 single precision. */
  F32(4, SampleEncoding.F32LE),
  /** IEEE 754 double precision. */
  F64(8, SampleEncoding.F32LE),
  /** A-law of ITU-T G.711. */
  A_LAW(1, SampleEncoding.S16LE),
  /** Mu-law of ITU-T G.711. */
  MU_LAW(1, SampleEncoding.S16LE);

  private final int bytes;
  private final SampleEncoding played;

  WavEncoding(int bytes, SampleEncoding played) {
    this.bytes = bytes;
    this.played = played;
  }

  /** Returns the number of bytes of one value in the file. */
  int bytes() {
    return bytes;
  }

  /** Returns the encoding in which the values are played. */
  SampleEncoding played() {
    return played;
  }

  /**
   * Converts values of the file to {@link #played}.
   *
   * @param count the number of values
   */
  void convert(byte[] from, int fromOffset, byte[] to, int toOffset, int count) {
    int in = fromOffset;
    int out = toOffset;
    switch (this) {
      case S16, S24, S32, F32 -> System.arraycopy(from, in, to, out, count * bytes);
      case S24_LOW, S24_HIGH -> {
        for (int i = 0; i < count; i++, in += bytes, out += 3) {
          System.arraycopy(from, this == S24_HIGH ? in + 1 : in, to, out, 3);
        }
      }
      case F64 -> {
        for (int i = 0; i < count; i++, in += bytes, out += 4) {
          float value = (float) Double.longBitsToDouble(littleEndian(from, in, bytes));
          put(Float.floatToRawIntBits(value), to, out, 4);
        }
      }
      case U8, A_LAW, MU_LAW -> {
        for (int i = 0; i < count; i++, in++, out += 2) {
          put(to16Bits(from[in]), to, out, 2);
        }
      }
    }
  }

  private int to16Bits(byte value) {
    return switch (this) {
      case A_LAW -> aLawTo16Bits(value);
      case MU_LAW -> muLawTo16Bits(value);
      default -> ((value & 0xff) - 128) << 8;
    };
  }

  /** G.711 sends every second bit inverted. The result of the law has 13 bits. */
  private static int aLawTo16Bits(byte value) {
    int bits = value ^ 0x55;
    int mantissa = bits & 0x0f;
    int exponent = (bits >> 4) & 0x07;
    int magnitude = exponent == 0 ? 2 * mantissa + 1 : (2 * mantissa + 33) << (exponent - 1);
    return ((bits & 0x80) != 0 ? magnitude : -magnitude) << 3;
  }

  /** G.711 sends all bits inverted. The result of the law has 14 bits. */
  private static int muLawTo16Bits(byte value) {
    int bits = ~value;
    int mantissa = bits & 0x0f;
    int exponent = (bits >> 4) & 0x07;
    int magnitude = ((2 * mantissa + 33) << exponent) - 33;
    return ((bits & 0x80) != 0 ? -magnitude : magnitude) << 2;
  }

  /** Returns {@code count} bytes, 1 to 8, as an integer without sign extension. */
  static long littleEndian(byte[] from, int offset, int count) {
    long value = 0;
    for (int i = count - 1; i >= 0; i--) {
      value = (value << 8) | (from[offset + i] & 0xff);
    }
    return value;
  }

  private static void put(int bits, byte[] to, int offset, int count) {
    for (int i = 0; i < count; i++) {
      to[offset + i] = (byte) (bits >> (8 * i));
    }
  }
}
