package dev.lavalier.audio;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

final class LevelMeterTest {

  /** Returns interleaved samples of a format with as many channels as a row has values. */
  private static byte[] pcm(PcmFormat format, double[]... samples) {
    byte[] pcm = new byte[samples.length * format.bytesPerSampleFrame()];
    int at = 0;
    for (double[] sample : samples) {
      for (double value : sample) {
        format.encoding().write(value, pcm, at);
        at += format.encoding().bytesPerSample();
      }
    }
    return pcm;
  }

  private static PcmFormat format(SampleEncoding encoding, int channels) {
    return new PcmFormat(encoding, 48_000, channels);
  }

  @ParameterizedTest
  @EnumSource(SampleEncoding.class)
  void sineHasItsPeakAndRmsOnItsChannel(SampleEncoding encoding) {
    double[][] samples = new double[4_800][];
    for (int i = 0; i < samples.length; i++) {
      samples[i] = new double[] {0, 0.5 * Math.sin(2 * Math.PI * 1_000 * i / 48_000)};
    }
    PcmFormat format = format(encoding, 2);
    LevelMeter meter = new LevelMeter(format);
    meter.add(pcm(format, samples), 0, samples.length);
    assertThat(meter.samples()).isEqualTo(4_800);
    assertThat(meter.peak(0)).isZero();
    assertThat(meter.rms(0)).isZero();
    assertThat(meter.peak(1)).isCloseTo(0.5, within(1e-4));
    assertThat(meter.rms(1)).isCloseTo(0.5 / Math.sqrt(2), within(1e-4));
    assertThat(meter.clipped(1)).isZero();
  }

  @ParameterizedTest
  @EnumSource(SampleEncoding.class)
  void fullScaleInEitherDirectionIsClipped(SampleEncoding encoding) {
    PcmFormat format = format(encoding, 1);
    LevelMeter meter = new LevelMeter(format);
    meter.add(pcm(format, new double[] {1}, new double[] {-1}, new double[] {0.999}), 0, 3);
    assertThat(meter.clipped(0)).isEqualTo(2);
    assertThat(meter.peak(0)).isEqualTo(1);
  }

  @Test
  void lowByteOfWideSamplesDoesNotHideClipping() {
    PcmFormat format = format(SampleEncoding.S32LE, 1);
    byte[] pcm = {0, -1, -1, 0x7f, 0, -2, -1, 0x7f}; // 0x7fffff00 and 0x7ffffe00
    LevelMeter meter = new LevelMeter(format);
    meter.add(pcm, 0, 2);
    assertThat(meter.clipped(0)).isEqualTo(1);
  }

  @Test
  void floatsBeyondFullScaleCountAsTheyAre() {
    PcmFormat format = format(SampleEncoding.F32LE, 1);
    LevelMeter meter = new LevelMeter(format);
    meter.add(pcm(format, new double[] {2}, new double[] {0}), 0, 2);
    assertThat(meter.peak(0)).isEqualTo(2);
    assertThat(meter.rms(0)).isEqualTo(Math.sqrt(2));
    assertThat(meter.clipped(0)).isEqualTo(1);
  }

  @ParameterizedTest
  @CsvSource({"NaN", "Infinity", "-Infinity"})
  void floatThatIsNotFiniteIsClippedAndCountsAsZero(double value) {
    PcmFormat format = format(SampleEncoding.F32LE, 1);
    LevelMeter meter = new LevelMeter(format);
    meter.add(pcm(format, new double[] {value}, new double[] {0.5}), 0, 2);
    assertThat(meter.clipped(0)).isEqualTo(1);
    assertThat(meter.peak(0)).isEqualTo(0.5);
    assertThat(meter.rms(0)).isCloseTo(Math.sqrt(0.25 / 2), within(1e-9));
  }

  @Test
  void onlyTheNamedSamplesAreAdded() {
    PcmFormat format = format(SampleEncoding.S16LE, 2);
    double[][] samples = new double[2_000][];
    for (int i = 0; i < samples.length; i++) {
      samples[i] = new double[] {i == 700 ? 0.5 : 0, i == 1_999 ? -0.25 : 0};
    }
    byte[] pcm = pcm(format, samples);
    LevelMeter meter = new LevelMeter(format);
    meter.add(pcm, 701, 1_299);
    assertThat(meter.peak(0)).isZero();
    assertThat(meter.peak(1)).isEqualTo(0.25);
    meter.add(pcm, 0, 701);
    assertThat(meter.peak(0)).isEqualTo(0.5);
    assertThat(meter.samples()).isEqualTo(2_000);
  }

  @Test
  void levelsAreZeroWithoutSamples() {
    LevelMeter meter = new LevelMeter(format(SampleEncoding.S16LE, 1));
    meter.add(new byte[] {0, 64}, 0, 1);
    assertThat(meter.peak(0)).isEqualTo(0.5);
    meter.reset();
    assertThat(meter.samples()).isZero();
    assertThat(meter.peak(0)).isZero();
    assertThat(meter.rms(0)).isZero();
  }
}
