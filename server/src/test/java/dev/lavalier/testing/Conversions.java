package dev.lavalier.testing;

import dev.lavalier.audio.Conversion;
import dev.lavalier.audio.FormatConverter;
import dev.lavalier.audio.PcmFormat;
import dev.lavalier.audio.PolyphaseFilters;
import dev.lavalier.common.StreamException;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;

/** Converts whole arrays, and PCM to and from numbers, for tests. */
public final class Conversions {

  private static final PolyphaseFilters FILTERS = new PolyphaseFilters();

  private Conversions() {}

  /** Returns a converter between two formats, each {@code RATE/CHANNELS/ENCODING}. */
  public static FormatConverter converter(String from, String to, Integer... channelMap)
      throws StreamException {
    return new FormatConverter(
        Conversion.plan(PcmFormat.parse(from), PcmFormat.parse(to), List.of(channelMap)), FILTERS);
  }

  /** Converts {@code pcm} in one block. {@code sampleIndex} is the index of its first sample. */
  public static byte[] convert(FormatConverter converter, byte[] pcm, long sampleIndex) {
    return convert(converter, pcm, sampleIndex, Integer.MAX_VALUE);
  }

  /** Converts {@code pcm} in blocks. {@code sampleIndex} is the index of its first sample. */
  public static byte[] convert(
      FormatConverter converter, byte[] pcm, long sampleIndex, int blockSamples) {
    int step = converter.conversion().captured().bytesPerSampleFrame();
    int total = pcm.length / step;
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    for (int at = 0; at < total; ) {
      int samples = Math.min(blockSamples, total - at);
      byte[] block = Arrays.copyOfRange(pcm, at * step, (at + samples) * step);
      int count = converter.convert(block, samples, sampleIndex + at);
      out.write(
          converter.output(), 0, count * converter.conversion().delivered().bytesPerSampleFrame());
      at += samples;
    }
    return out.toByteArray();
  }

  /** Returns numbers (full scale: -1..1) as PCM. */
  public static byte[] pcm(PcmFormat format, double... numbers) {
    int width = format.encoding().bytesPerSample();
    byte[] pcm = new byte[numbers.length * width];
    for (int i = 0; i < numbers.length; i++) {
      format.encoding().write(numbers[i], pcm, i * width);
    }
    return pcm;
  }

  /** Returns PCM as numbers (full scale: -1..1), with interleaved channels. */
  public static double[] numbers(PcmFormat format, byte[] pcm) {
    int width = format.encoding().bytesPerSample();
    ByteBuffer in = ByteBuffer.wrap(pcm).order(ByteOrder.LITTLE_ENDIAN);
    double[] numbers = new double[pcm.length / width];
    for (int i = 0; i < numbers.length; i++) {
      int at = i * width;
      numbers[i] =
          switch (format.encoding()) {
            case S16LE -> in.getShort(at) / 0x1p15;
            case S24LE -> ((in.getShort(at) & 0xffff) | (in.get(at + 2) << 16)) / 0x1p23;
            case S32LE -> in.getInt(at) / 0x1p31;
            case F32LE -> in.getFloat(at);
          };
    }
    return numbers;
  }

  /** Returns one channel of interleaved numbers. */
  public static double[] channel(double[] numbers, int channels, int channel) {
    double[] one = new double[numbers.length / channels];
    for (int i = 0; i < one.length; i++) {
      one[i] = numbers[i * channels + channel];
    }
    return one;
  }
}
