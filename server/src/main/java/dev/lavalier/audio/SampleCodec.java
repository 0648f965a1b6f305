package dev.lavalier.audio;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * Converts interleaved PCM to sample values and back, one channel at a time, full scale -1.0..1.0.
 * A double represents each value of each encoding exactly, so unchanged values are written as they
 * were read.
 *
 * <p>Integers are rounded to the nearest value and clipped at full scale; they never wrap. Clipped
 * values are counted. Floats are not clipped.
 */
final class SampleCodec {

  private static final VarHandle SHORT =
      MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle INT =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle FLOAT =
      MethodHandles.byteArrayViewVarHandle(float[].class, ByteOrder.LITTLE_ENDIAN);

  private SampleCodec() {}

  /**
   * Decodes {@code samples} samples of channel {@code channel}, counted from 0.
   *
   * @param first the first of them, per channel from the beginning of {@code pcm}
   */
  static void decode(
      PcmFormat format, byte[] pcm, int first, int channel, int samples, double[] to) {
    int step = format.bytesPerSampleFrame();
    int at = first * step + channel * format.encoding().bytesPerSample();
    switch (format.encoding()) {
      case S16LE -> {
        for (int i = 0; i < samples; i++, at += step) {
          to[i] = (short) SHORT.get(pcm, at) * 0x1p-15;
        }
      }
      case S24LE -> {
        for (int i = 0; i < samples; i++, at += step) {
          to[i] = ((pcm[at] & 0xff) | (pcm[at + 1] & 0xff) << 8 | pcm[at + 2] << 16) * 0x1p-23;
        }
      }
      case S32LE -> {
        for (int i = 0; i < samples; i++, at += step) {
          to[i] = (int) INT.get(pcm, at) * 0x1p-31;
        }
      }
      case F32LE -> {
        for (int i = 0; i < samples; i++, at += step) {
          to[i] = (float) FLOAT.get(pcm, at);
        }
      }
    }
  }

  /**
   * Encodes {@code samples} samples of channel {@code channel}, counted from 0.
   *
   * @param first position of the first sample in {@code from}
   * @param dither whether to add {@link #dither} of {@code plane}; only for integer encodings
   * @param sampleIndex index of the first sample
   * @return how many samples were clamped
   */
  static int encode(
      PcmFormat format,
      double[] from,
      int first,
      int samples,
      byte[] to,
      int channel,
      boolean dither,
      long sampleIndex,
      int plane) {
    int step = format.bytesPerSampleFrame();
    int bytes = format.encoding().bytesPerSample();
    int at = channel * bytes;
    if (format.encoding() == SampleEncoding.F32LE) {
      for (int i = 0; i < samples; i++, at += step) {
        FLOAT.set(to, at, (float) from[first + i]);
      }
      return 0;
    }
    double fullScale = 1L << (8 * bytes - 1);
    int clipped = 0;
    for (int i = 0; i < samples; i++, at += step) {
      double noise = dither ? dither(sampleIndex + i, plane) : 0;
      double rounded = Math.rint(from[first + i] * fullScale + noise);
      double limited = Math.max(-fullScale, Math.min(fullScale - 1, rounded));
      if (limited != rounded) {
        clipped++;
      }
      int bits = (int) limited;
      switch (bytes) {
        case 2 -> SHORT.set(to, at, (short) bits);
        case 3 -> {
          to[at] = (byte) bits;
          to[at + 1] = (byte) (bits >> 8);
          to[at + 2] = (byte) (bits >> 16);
        }
        default -> INT.set(to, at, bits);
      }
    }
    return clipped;
  }

  /**
   * Returns noise with a triangular density (TPDF), -1..1 times the value of the least significant
   * bit. It is the difference of the two halves of a hash (splitmix64, Steele, Lea and Flood 2014)
   * of the sample index and the plane. The same sample therefore always gets the same noise, for
   * each subscriber and however the stream is cut into blocks.
   */
  static double dither(long sampleIndex, int plane) {
    long z = (sampleIndex * PcmFormat.MAX_CHANNELS + plane + 1) * 0x9e3779b97f4a7c15L;
    z = (z ^ (z >>> 30)) * 0xbf58476d1ce4e5b9L;
    z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
    z ^= z >>> 31;
    return ((z >>> 32) - (z & 0xffff_ffffL)) * 0x1p-32;
  }
}
