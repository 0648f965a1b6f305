package dev.lavalier.audio;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.lavalier.common.StreamException;
import dev.lavalier.testing.Conversions;
import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

final class FormatConverterTest {

  private static PcmFormat mono(SampleEncoding encoding) {
    return new PcmFormat(encoding, 48_000, 1);
  }

  /** Returns pseudorandom samples of an encoding, including both ends of its scale. */
  private static byte[] anyPcm(PcmFormat format, int samples) {
    Random random = new Random(7);
    double[] numbers = random.doubles((long) samples * format.channelCount(), -1, 1).toArray();
    numbers[0] = -1;
    numbers[1] = 1;
    numbers[2] = -0.0;
    return Conversions.pcm(format, numbers);
  }

  private static byte[] convert(String from, String to, byte[] pcm) throws StreamException {
    return Conversions.convert(Conversions.converter(from, to), pcm, 0);
  }

  @ParameterizedTest
  @EnumSource(SampleEncoding.class)
  void sameFormatKeepsBytes(SampleEncoding encoding) throws Exception {
    String format = "44100/3/" + encoding;
    FormatConverter converter = Conversions.converter(format, format);
    byte[] pcm = anyPcm(PcmFormat.parse(format), 1_000);

    assertThat(converter.conversion().isIdentity()).isTrue();
    assertThat(converter.conversion().isDithered()).isFalse();
    assertThat(converter.conversion().lookahead()).isZero();
    assertThat(Conversions.convert(converter, pcm, 0, 77)).isEqualTo(pcm);
  }

  @ParameterizedTest
  @CsvSource({
    "s16le, s24le",
    "s16le, s32le",
    "s16le, f32le",
    "s24le, s32le",
    "s24le, f32le",
  })
  void wideningIsLossless(String narrow, String wide) throws Exception {
    String from = "48000/1/" + narrow;
    String to = "48000/1/" + wide;
    byte[] pcm = anyPcm(PcmFormat.parse(from), 5_000);

    byte[] widened = convert(from, to, pcm);

    assertThat(Conversions.converter(from, to).conversion().isDithered()).isFalse();
    assertThat(Conversions.numbers(PcmFormat.parse(to), widened))
        .isEqualTo(Conversions.numbers(PcmFormat.parse(from), pcm));
  }

  @Test
  void conversionErrorIsWithinLastBits() throws Exception {
    for (SampleEncoding from : SampleEncoding.values()) {
      for (SampleEncoding to : SampleEncoding.values()) {
        byte[] pcm = anyPcm(mono(from), 5_000);
        double[] before = Conversions.numbers(mono(from), pcm);
        double[] after =
            Conversions.numbers(mono(to), convert(mono(from).toString(), mono(to).toString(), pcm));
        double lastPlace =
            to == SampleEncoding.F32LE ? 0x1p-24 : 2.0 / (1L << (8 * to.bytesPerSample()));
        assertThat(after).as("%s to %s", from, to).hasSameSizeAs(before);
        for (int i = 0; i < before.length; i++) {
          // Half a quantization step of rounding, and one step of dither noise.
          assertThat(after[i])
              .as("%s to %s", from, to)
              .isEqualTo(before[i], within(1.5 * lastPlace));
        }
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"s16le", "s24le", "s32le"})
  void infiniteFloatIsFullScaleAndNanIsZero(String encoding) throws Exception {
    PcmFormat to = PcmFormat.parse("48000/1/" + encoding);
    double[] floats = {
      Double.NaN, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY, Float.MAX_VALUE, 0x1p-149
    };
    byte[] pcm = Conversions.pcm(mono(SampleEncoding.F32LE), floats);
    double[] out = Conversions.numbers(to, convert("48000/1/f32le", to.toString(), pcm));
    double lastPlace = 2.0 / (1L << (8 * to.encoding().bytesPerSample()));
    double[] expected = {0, 1 - lastPlace, -1, 1 - lastPlace, 0};
    for (int i = 0; i < expected.length; i++) {
      assertThat(out[i]).as("%s", floats[i]).isEqualTo(expected[i], within(lastPlace));
    }
  }

  @ParameterizedTest
  @CsvSource({
    "48000, 16000, s16le",
    "48000, 16000, f32le",
    "16000, 48000, s24le",
    "44100, 48000, s32le",
    "48000, 48000, s16le"
  })
  void infiniteFloatAndNanAffectNoSampleBeyondFilter(int fromHz, int toHz, String encoding)
      throws Exception {
    PcmFormat captured = new PcmFormat(SampleEncoding.F32LE, fromHz, 2);
    String to = "%d/1/%s".formatted(toHz, encoding); // the mean of both channels
    double[] numbers = new Random(3).doubles(2 * 5_000, -1, 1).toArray();
    byte[] clean = convert(captured.toString(), to, Conversions.pcm(captured, numbers));
    int bytes = PcmFormat.parse(to).bytesPerSampleFrame();
    int at = 2_500;
    FormatConverter converter = Conversions.converter(captured.toString(), to);
    int reach = converter.conversion().lookahead() + 1;
    for (double bad :
        new double[] {Double.NaN, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY}) {
      double[] spoilt = numbers.clone();
      spoilt[2 * at] = bad;
      byte[] out = convert(captured.toString(), to, Conversions.pcm(captured, spoilt));
      int first = (int) ((long) (at - reach) * toHz / fromHz) * bytes;
      int next = (int) ((long) (at + reach) * toHz / fromHz + 1) * bytes;
      assertThat(out).as("%s", bad).hasSameSizeAs(clean).isNotEqualTo(clean);
      assertThat(Arrays.copyOf(out, first)).isEqualTo(Arrays.copyOf(clean, first));
      assertThat(Arrays.copyOfRange(out, next, out.length))
          .isEqualTo(Arrays.copyOfRange(clean, next, clean.length));
    }
  }

  @ParameterizedTest
  @ValueSource(doubles = {0, 0.125, 0.25, 0.5, 0.9})
  void ditherNoiseIsIndependentOfSignal(double lastPlaces) throws Exception {
    double[] numbers = new double[200_000];
    Arrays.fill(numbers, lastPlaces / 32_768);
    double[] out =
        Conversions.numbers(
            mono(SampleEncoding.S16LE),
            convert(
                "48000/1/f32le",
                "48000/1/s16le",
                Conversions.pcm(mono(SampleEncoding.F32LE), numbers)));

    double mean = Arrays.stream(out).average().orElseThrow() * 32_768;
    double variance =
        Arrays.stream(out).map(x -> Math.pow(x * 32_768 - lastPlaces, 2)).average().orElseThrow();
    // TPDF dither of one step to each side: the mean is the signal, the variance 1/4 for every
    // signal.
    assertThat(mean).isEqualTo(lastPlaces, within(0.005));
    assertThat(variance).isEqualTo(0.25, within(0.005));
    double next = 0;
    for (int i = 1; i < out.length; i++) {
      next += (out[i] * 32_768 - lastPlaces) * (out[i - 1] * 32_768 - lastPlaces);
    }
    assertThat(next / out.length).as("white").isEqualTo(0, within(0.005));
  }

  @Test
  void ditherDiffersBetweenChannels() throws Exception {
    byte[] silence = new byte[2 * 4 * 10_000];
    double[] out =
        Conversions.numbers(
            PcmFormat.parse("48000/2/s16le"), convert("48000/2/f32le", "48000/2/s16le", silence));
    double[] left = Conversions.channel(out, 2, 0);
    double[] right = Conversions.channel(out, 2, 1);
    double product = 0;
    for (int i = 0; i < left.length; i++) {
      product += left[i] * right[i] * 0x1p30;
    }
    assertThat(product / left.length).isEqualTo(0, within(0.02));
  }

  @ParameterizedTest
  @ValueSource(strings = {"s16le", "s24le", "s32le"})
  void samplesBeyondFullScaleAreClampedAndCounted(String encoding) throws Exception {
    FormatConverter converter = Conversions.converter("48000/1/f32le", "48000/1/" + encoding);
    byte[] loud = Conversions.pcm(mono(SampleEncoding.F32LE), 1.5, -1.5, 100, -1e30, 0.5, -0.5);

    double[] out =
        Conversions.numbers(
            converter.conversion().delivered(), Conversions.convert(converter, loud, 0));

    assertThat(out).containsExactly(new double[] {1, -1, 1, -1, 0.5, -0.5}, within(1e-4));
    assertThat(converter.clippedSamples()).isEqualTo(4);
  }

  @Test
  void fullScaleSquareOvershootsWithoutWrapping() throws Exception {
    double[] square = new double[48_000];
    for (int i = 0; i < square.length; i++) {
      square[i] = i / 240 % 2 == 0 ? 1 : -1;
    }
    byte[] pcm = Conversions.pcm(mono(SampleEncoding.S16LE), square);
    FormatConverter converter = Conversions.converter("48000/1/s16le", "44100/1/s16le");
    double[] clamped =
        Conversions.numbers(mono(SampleEncoding.S16LE), Conversions.convert(converter, pcm, 0));
    double[] free =
        Conversions.numbers(
            mono(SampleEncoding.F32LE), convert("48000/1/s16le", "44100/1/f32le", pcm));

    int over = 0;
    for (int i = 0; i < free.length; i++) {
      over += Math.abs(free[i]) > 1.0001 ? 1 : 0;
      assertThat(clamped[i]).isEqualTo(Math.max(-1, Math.min(1, free[i])), within(1e-4));
    }
    assertThat(over).isGreaterThan(1_000);
    assertThat(converter.clippedSamples()).isGreaterThanOrEqualTo(over);
  }

  @ParameterizedTest
  @CsvSource({
    "48000/2/s16le, 16000/1/s16le",
    "44100/1/s24le, 48000/2/s16le",
    "11025/1/f32le, 96000/1/s24le",
    "96000/2/s32le, 11025/2/f32le",
    "48000/2/s32le, 48000/1/s16le",
  })
  void bytesDoNotDependOnBlockSize(String from, String to) throws Exception {
    byte[] pcm = anyPcm(PcmFormat.parse(from), 20_000);
    byte[] whole = convert(from, to, pcm);
    assertThat(whole).isNotEmpty();
    for (int block : new int[] {1, 7, 480, 4_801}) {
      assertThat(Conversions.convert(Conversions.converter(from, to), pcm, 0, block))
          .as("blocks of %d", block)
          .isEqualTo(whole);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "48000/1/s16le, 16000/1/s16le",
    "44100/1/s16le, 48000/1/s16le",
    "8000/1/s16le, 11025/1/s16le",
    "96000/1/s16le, 11025/1/s16le",
    "48000/1/f32le, 48000/1/s16le",
  })
  void bytesAreTheSameAfterLateStartOrLoss(String from, String to) throws Exception {
    byte[] pcm = anyPcm(PcmFormat.parse(from), 20_000);
    byte[] whole = convert(from, to, pcm);
    int in = PcmFormat.parse(from).bytesPerSampleFrame();
    int out = PcmFormat.parse(to).bytesPerSampleFrame();

    // Samples 0 to 4,000 arrived, then samples from 6,001 on.
    FormatConverter converter = Conversions.converter(from, to);
    byte[] before = Conversions.convert(converter, Arrays.copyOf(pcm, 4_000 * in), 0);
    int firstCount =
        converter.convert(Arrays.copyOfRange(pcm, 6_001 * in, pcm.length), 13_999, 6_001);
    long resumed = converter.outputIndex();
    byte[] after = Arrays.copyOf(converter.output(), firstCount * out);

    assertThat(before).isEqualTo(Arrays.copyOf(whole, before.length));
    assertThat(after)
        .isEqualTo(Arrays.copyOfRange(whole, (int) resumed * out, whole.length))
        .hasSizeGreaterThan(1_000);
    // The missing samples are the lost ones and the reach of the filter on either side.
    Conversion conversion = converter.conversion();
    double missing = resumed - (double) before.length / out;
    double expected =
        (2_001.0 + (conversion.isResampled() ? 2 * conversion.lookahead() - 1 : 0))
            * conversion.delivered().sampleRateHz()
            / conversion.captured().sampleRateHz();
    assertThat(missing).isEqualTo(expected, within(1.0));
  }

  @ParameterizedTest
  @CsvSource({"44100, 48000", "48000, 44100", "11025, 96000", "96000, 11025", "48000, 16000"})
  void gridIsExactAfterOneYear(int from, int to) throws Exception {
    long seconds = 365L * 86_400;
    // The signal has a period of one second: second s equals second 0.
    double[] second = new double[from];
    for (int n = 0; n < from; n++) {
      second[n] = 0.5 * Math.sin(2 * Math.PI * 1_000 * n / from);
    }
    byte[] pcm = Conversions.pcm(mono(SampleEncoding.F32LE), second);
    FormatConverter converter = Conversions.converter(from + "/1/f32le", to + "/1/f32le");
    converter.convert(pcm, from, seconds * from);
    converter.convert(pcm, from, (seconds + 1) * from);
    long begin = converter.outputIndex();
    int count = converter.convert(pcm, from, (seconds + 2) * from);
    assertThat(count).isEqualTo(to);
    double[] out =
        Conversions.numbers(
            mono(SampleEncoding.F32LE), Arrays.copyOf(converter.output(), 4 * count));
    long first = begin + to;
    for (int n = 0; n < count; n++) {
      double expected = 0.5 * Math.sin(2 * Math.PI * 1_000 * ((first + n) % to) / to);
      assertThat(out[n]).isEqualTo(expected, within(1e-4));
    }
  }

  @Test
  void channelsAreSelectedMixedAndDuplicated() throws Exception {
    PcmFormat stereo = PcmFormat.parse("48000/2/f32le");
    byte[] pcm = Conversions.pcm(stereo, 0.5, 0.25, -1, -1, 1, -0.5);
    assertThat(mapped("48000/2/f32le", "48000/1/f32le", pcm)).containsExactly(0.375, -1, 0.25);
    assertThat(mapped("48000/2/f32le", "48000/1/f32le", pcm, 2)).containsExactly(0.25, -1, -0.5);
    assertThat(mapped("48000/2/f32le", "48000/3/f32le", pcm, 2, 0, 1))
        .containsExactly(0.25, 0.375, 0.5, -1, -1, -1, -0.5, 0.25, 1);
    assertThat(mapped("48000/1/f32le", "48000/2/f32le", Conversions.pcm(stereo, 0.5, -0.25)))
        .containsExactly(0.5, 0.5, -0.25, -0.25);
  }

  private static double[] mapped(String from, String to, byte[] pcm, Integer... map)
      throws StreamException {
    FormatConverter converter = Conversions.converter(from, to, map);
    return Conversions.numbers(
        converter.conversion().delivered(), Conversions.convert(converter, pcm, 0));
  }

  @Test
  void steadyStreamAllocatesNothing() throws Exception {
    FormatConverter converter = Conversions.converter("44100/2/s16le", "48000/2/s24le");
    byte[] block = new byte[441 * 4];
    for (int k = 0; k < 10; k++) {
      converter.convert(block, 441, 441L * k);
    }
    var threads = (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
    long before = threads.getCurrentThreadAllocatedBytes();
    for (int k = 10; k < 1_010; k++) {
      converter.convert(block, 441, 441L * k);
    }
    // Allowance for the measurement itself and for JIT compilation; less than one byte per block.
    assertThat(threads.getCurrentThreadAllocatedBytes() - before).isLessThan(1_000);
  }

  /** A converter that shares its planes gives the same bytes, also after it skipped blocks. */
  @ParameterizedTest
  @ValueSource(ints = {10, 441})
  void converterThatSharesOneOfItsChannelsStartsWithAlignedChannels(int length) throws Exception {
    PcmFormat captured = PcmFormat.parse("44100/2/s16le");
    PcmFormat delivered = PcmFormat.parse("48000/2/s16le");
    Conversion stereo = Conversion.plan(captured, delivered, List.of());
    Conversion right = Conversion.plan(captured, PcmFormat.parse("48000/1/s16le"), List.of(2));
    Planes planes = new Planes(new PolyphaseFilters());
    FormatConverter earlier = new FormatConverter(right, planes);
    FormatConverter later = new FormatConverter(stereo, planes);
    FormatConverter alone = new FormatConverter(stereo, new PolyphaseFilters());
    int blocks = 4_410 / length;
    byte[] pcm = anyPcm(captured, 4_410);
    byte[] expected = new byte[4_800 * 4];
    int compared = 0;

    for (int k = 0; k < blocks; k++) {
      byte[] block = Arrays.copyOfRange(pcm, k * length * 4, (k + 1) * length * 4);
      earlier.convert(block, length, (long) k * length);
      int bytes = 4 * alone.convert(block, length, (long) k * length);
      System.arraycopy(alone.output(), 0, expected, 4 * (int) alone.outputIndex(), bytes);
      if (k >= blocks / 2) {
        int count = later.convert(block, length, (long) k * length);
        int from = 4 * (int) later.outputIndex();
        assertThat(Arrays.copyOf(later.output(), 4 * count))
            .isEqualTo(Arrays.copyOfRange(expected, from, from + 4 * count));
        compared += count;
      }
    }
    assertThat(compared).isGreaterThan(2_200);
  }

  @Test
  void convertersOfOnePipelineShareTheirWork() throws Exception {
    PcmFormat captured = PcmFormat.parse("48000/2/s16le");
    Planes planes = new Planes(new PolyphaseFilters());
    Conversion stereo = Conversion.plan(captured, PcmFormat.parse("44100/2/s16le"), List.of());
    Conversion right = Conversion.plan(captured, PcmFormat.parse("44100/1/f32le"), List.of(2));
    FormatConverter first = new FormatConverter(stereo, planes);
    FormatConverter second = new FormatConverter(right, planes);
    FormatConverter alone = new FormatConverter(right, new PolyphaseFilters());
    Random random = new Random(8);
    byte[] block = new byte[480 * captured.bytesPerSampleFrame()];
    for (int k = 0; k < 50; k++) {
      random.nextBytes(block);
      int expected = alone.convert(block, 480, 480L * k);
      assertThat(first.convert(block, 480, 480L * k)).isEqualTo(expected);
      if (k % 7 != 3) { // else this one skips the block
        assertThat(second.convert(block, 480, 480L * k)).isEqualTo(expected);
        assertThat(second.outputIndex()).isEqualTo(alone.outputIndex());
        assertThat(Arrays.copyOf(second.output(), 4 * expected))
            .isEqualTo(Arrays.copyOf(alone.output(), 4 * expected));
      }
    }
    assertThat(planes.of(stereo, 2)).isSameAs(planes.of(right, 2));
    assertThat(stereo.planeNanosPerSecond().get(2)).isEqualTo(right.planeNanosPerSecond().get(2));
  }
}
