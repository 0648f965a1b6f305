package dev.lavalier.client;

import java.nio.ByteBuffer;

/** Converts PCM to arrays. */
final class Samples {

  private static final float S16_SCALE = 1 << 15;
  private static final float S24_SCALE = 1 << 23;
  private static final float S32_SCALE = 1L << 31;
  private static final float LARGEST = Math.nextDown(1f);

  private Samples() {}

  /** Returns the values of little-endian PCM; integers are divided by their full scale. */
  static float[] floats(ByteBuffer pcm, SampleEncoding encoding) {
    float[] values = new float[pcm.remaining() / encoding.bytesPerSample()];
    switch (encoding) {
      case S16LE -> {
        for (int i = 0; i < values.length; i++) {
          values[i] = pcm.getShort() / S16_SCALE;
        }
      }
      case S24LE -> {
        for (int i = 0; i < values.length; i++) {
          values[i] = s24(pcm) / S24_SCALE;
        }
      }
      case S32LE -> {
        for (int i = 0; i < values.length; i++) {
          values[i] = Math.min(pcm.getInt() / S32_SCALE, LARGEST); // the division rounds up to 1
        }
      }
      case F32LE -> pcm.asFloatBuffer().get(values);
    }
    return values;
  }

  /** Returns the values of little-endian PCM, rounded to 16 bits. */
  static short[] shorts(ByteBuffer pcm, SampleEncoding encoding) {
    short[] values = new short[pcm.remaining() / encoding.bytesPerSample()];
    switch (encoding) {
      case S16LE -> pcm.asShortBuffer().get(values);
      case S24LE -> {
        for (int i = 0; i < values.length; i++) {
          values[i] = clamp((s24(pcm) + (1L << 7)) >> 8);
        }
      }
      case S32LE -> {
        for (int i = 0; i < values.length; i++) {
          values[i] = clamp((pcm.getInt() + (1L << 15)) >> 16);
        }
      }
      case F32LE -> {
        for (int i = 0; i < values.length; i++) {
          values[i] = clamp(Math.round((double) pcm.getFloat() * S16_SCALE));
        }
      }
    }
    return values;
  }

  private static int s24(ByteBuffer pcm) {
    int low = Byte.toUnsignedInt(pcm.get());
    int middle = Byte.toUnsignedInt(pcm.get());
    return low | middle << 8 | pcm.get() << 16; // the last byte has the sign
  }

  private static short clamp(long value) {
    return (short) Math.max(Short.MIN_VALUE, Math.min(Short.MAX_VALUE, value));
  }
}
