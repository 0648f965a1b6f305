package dev.lavalier.audio;

import java.util.Locale;

/**
 * The encoding of one number of a sample. All encodings are little-endian, with interleaved
 * channels and no padding.
 */
public enum SampleEncoding {
  /** Signed 16-bit integer. */
  S16LE(2),
  /** Signed 24-bit integer, packed in three bytes. */
  S24LE(3),
  /** Signed 32-bit integer. */
  S32LE(4),
  /** IEEE 754 single precision, full scale -1.0..1.0. */
  F32LE(4);

  private final int bytesPerSample;

  SampleEncoding(int bytesPerSample) {
    this.bytesPerSample = bytesPerSample;
  }

  /** Returns the number of bytes per number: 2, 3 or 4. */
  public int bytesPerSample() {
    return bytesPerSample;
  }

  /**
   * Writes one sample value at {@code offset}, in {@link #bytesPerSample} bytes. Integers are
   * rounded to the nearest value and clipped at full scale; they never wrap.
   *
   * @param value the sample value, full scale -1.0..1.0
   */
  public void write(double value, byte[] to, int offset) {
    if (this == F32LE) {
      writeBits(Float.floatToRawIntBits((float) value), to, offset);
      return;
    }
    double fullScale = 1L << (8 * bytesPerSample - 1);
    double scaled = Math.rint(value * fullScale);
    writeBits((long) Math.max(-fullScale, Math.min(fullScale - 1, scaled)), to, offset);
  }

  private void writeBits(long bits, byte[] to, int offset) {
    for (int i = 0; i < bytesPerSample; i++) {
      to[offset + i] = (byte) (bits >> (8 * i));
    }
  }

  /** Returns the word used on command lines: {@code s16le}. */
  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
