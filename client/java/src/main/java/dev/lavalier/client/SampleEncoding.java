package dev.lavalier.client;

import java.util.Locale;

/**
 * The encoding of one sample of one channel. All encodings are little-endian, interleaved and
 * without padding.
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

  /** Returns the size of one sample of one channel, in bytes: 2, 3 or 4. */
  public int bytesPerSample() {
    return bytesPerSample;
  }

  /** Returns the name used on command lines, for example {@code s16le}. */
  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
