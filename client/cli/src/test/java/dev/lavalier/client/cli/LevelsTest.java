package dev.lavalier.client.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.lavalier.client.PcmFormat;
import dev.lavalier.client.SampleEncoding;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

final class LevelsTest {

  /**
   * Creates one second of a full-scale sine on the first channel and a sine 20 dB lower on the
   * second.
   */
  private static ByteBuffer sines(SampleEncoding encoding) {
    ByteBuffer pcm =
        ByteBuffer.allocate(8_000 * 2 * encoding.bytesPerSample()).order(ByteOrder.LITTLE_ENDIAN);
    for (int n = 0; n < 8_000; n++) {
      double value = Math.sin(2 * Math.PI * 1_000 * (n + 0.5) / 8_000);
      put(pcm, encoding, value);
      put(pcm, encoding, value / 10);
    }
    return pcm.flip();
  }

  private static void put(ByteBuffer pcm, SampleEncoding encoding, double value) {
    switch (encoding) {
      case S16LE -> pcm.putShort((short) (value * 32_767));
      case S24LE -> {
        int bits = (int) (value * 8_388_607);
        pcm.put((byte) bits).put((byte) (bits >> 8)).put((byte) (bits >> 16));
      }
      case S32LE -> pcm.putInt((int) (value * 2_147_483_647));
      case F32LE -> pcm.putFloat((float) value);
    }
  }

  @ParameterizedTest
  @EnumSource
  void levelIsMeasuredInEveryEncoding(SampleEncoding encoding) {
    Levels levels = new Levels(new PcmFormat(encoding, 8_000, 2));
    levels.add(sines(encoding));
    assertThat(levels.rms(0)).isCloseTo(0, within(0.01));
    assertThat(levels.rms(1)).isCloseTo(-20, within(0.01));
    double highest = 20 * Math.log10(Math.sin(Math.PI * 3 / 8));
    assertThat(levels.peak(0)).isCloseTo(highest, within(0.01));
    assertThat(levels.peak(1)).isCloseTo(highest - 20, within(0.01));
    assertThat(levels.peak()).isEqualTo(levels.peak(0));
  }

  @Test
  void levelOfSilenceIsMinusInfinity() {
    Levels levels = new Levels(new PcmFormat(SampleEncoding.S16LE, 8_000, 1));
    assertThat(levels.rms(0)).isEqualTo(Double.NEGATIVE_INFINITY);
    levels.add(ByteBuffer.allocate(320));
    assertThat(levels.rms(0)).isEqualTo(Double.NEGATIVE_INFINITY);
    assertThat(levels.peak()).isEqualTo(Double.NEGATIVE_INFINITY);
  }

  @ParameterizedTest
  @EnumSource
  void samplesAtFullScaleAreClipped(SampleEncoding encoding) {
    Levels levels = new Levels(new PcmFormat(encoding, 8_000, 1));
    ByteBuffer pcm =
        ByteBuffer.allocate(3 * encoding.bytesPerSample()).order(ByteOrder.LITTLE_ENDIAN);
    put(pcm, encoding, 1);
    put(pcm, encoding, -1);
    put(pcm, encoding, 0.99);
    levels.add(pcm.flip());
    assertThat(levels.clipped(0)).isEqualTo(2);
    levels.reset();
    assertThat(levels.clipped(0)).isZero();
  }

  @Test
  void resetDiscardsSamples() {
    Levels levels = new Levels(new PcmFormat(SampleEncoding.S16LE, 8_000, 2));
    levels.add(sines(SampleEncoding.S16LE));
    levels.reset();
    levels.add(ByteBuffer.allocate(320));
    assertThat(levels.rms(0)).isEqualTo(Double.NEGATIVE_INFINITY);
  }
}
