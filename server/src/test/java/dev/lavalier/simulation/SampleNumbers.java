package dev.lavalier.simulation;

import dev.lavalier.audio.PcmFormat;
import dev.lavalier.audio.SampleEncoding;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * Writes the number of a captured sample as its value, in each channel, and reads the number from
 * delivered samples. The values are a straight line, which a conversion of the rate preserves.
 */
final class SampleNumbers {

  private static final VarHandle INT =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle FLOAT =
      MethodHandles.byteArrayViewVarHandle(float[].class, ByteOrder.LITTLE_ENDIAN);

  private SampleNumbers() {}

  /** Writes consecutive numbers as samples of a captured format. */
  static void write(PcmFormat format, long first, byte[] pcm, int from, int count) {
    int bytes = format.encoding().bytesPerSample();
    int at = from * format.bytesPerSampleFrame();
    for (int i = 0; i < count; i++) {
      int value = (int) (first + i);
      for (int channel = 0; channel < format.channelCount(); channel++, at += bytes) {
        switch (format.encoding()) {
          case S24LE -> {
            pcm[at] = (byte) value;
            pcm[at + 1] = (byte) (value >> 8);
            pcm[at + 2] = (byte) (value >> 16);
          }
          case S32LE -> INT.set(pcm, at, value);
          case F32LE -> FLOAT.set(pcm, at, value * 0x1p-23f);
          case S16LE -> throw new IllegalArgumentException("16 bits are too few for a number");
        }
      }
    }
  }

  /**
   * Returns the value of the first channel of a sample, relative to full scale.
   *
   * @param format the delivered format
   * @param index of the sample in {@code pcm}
   */
  static double value(PcmFormat format, byte[] pcm, int index) {
    int at = index * format.bytesPerSampleFrame();
    return switch (format.encoding()) {
      case S24LE -> ((pcm[at] & 0xff) | (pcm[at + 1] & 0xff) << 8 | pcm[at + 2] << 16) * 0x1p-23;
      case S32LE -> (int) INT.get(pcm, at) * 0x1p-31;
      case F32LE -> (float) FLOAT.get(pcm, at);
      case S16LE -> throw new IllegalArgumentException("16 bits are too few for a number");
    };
  }

  /** Returns the number that a value represents, if it was captured in an encoding. */
  static double number(SampleEncoding captured, double value) {
    return value * (captured == SampleEncoding.S32LE ? 0x1p31 : 0x1p23);
  }
}
