package dev.lavalier.client;

import java.util.Locale;

/** How one number of a sample is written; all little-endian, channels interleaved, no padding. */
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

  /** Returns the bytes that one number takes: 2, 3 or 4. */
  public int bytesPerSample() {
    return bytesPerSample;
  }

  /** Returns the word used on command lines: {@code s16le}. */
  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
