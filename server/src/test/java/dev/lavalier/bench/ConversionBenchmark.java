package dev.lavalier.bench;

import dev.lavalier.audio.Conversion;
import dev.lavalier.audio.FormatConverter;
import dev.lavalier.audio.PcmFormat;
import dev.lavalier.audio.PolyphaseFilters;
import java.lang.management.ManagementFactory;
import java.util.List;
import java.util.Random;

/**
 * Measures format conversions on one core, in blocks of 10 ms: speed as a multiple of real time,
 * and allocation. Arguments: pairs of formats, {@code 48000/1/s16le 16000/1/s16le ...}.
 */
final class ConversionBenchmark {

  private static final int SECONDS = 60;
  private static final int ROUNDS = 7;

  private ConversionBenchmark() {}

  public static void main(String[] args) throws Exception {
    for (int i = 0; i + 1 < args.length; i += 2) {
      measure(PcmFormat.parse(args[i]), PcmFormat.parse(args[i + 1]));
    }
  }

  private static void measure(PcmFormat from, PcmFormat to) throws Exception {
    long begun = System.nanoTime();
    FormatConverter converter =
        new FormatConverter(Conversion.plan(from, to, List.of()), new PolyphaseFilters());
    double designMs = (System.nanoTime() - begun) / 1e6;
    int block = from.sampleRateHz() / 100;
    byte[] noise = new byte[block * from.bytesPerSampleFrame()];
    new Random(1).nextBytes(noise);
    var threads = (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
    long index = 0;
    double best = 0;
    double bytes = 0;
    for (int round = 0; round < ROUNDS; round++) {
      long allocated = threads.getCurrentThreadAllocatedBytes();
      long cpu = threads.getCurrentThreadCpuTime();
      for (int k = 0; k < 100 * SECONDS; k++) {
        converter.convert(noise, block, index);
        index += block;
      }
      best = Math.max(best, SECONDS * 1e9 / (threads.getCurrentThreadCpuTime() - cpu));
      bytes = (threads.getCurrentThreadAllocatedBytes() - allocated) / (100.0 * SECONDS);
    }
    System.out.printf(
        "%s to %s: %.0f times real time, %.2f bytes allocated a block, filter made in %.0f ms%n",
        from, to, best, bytes, designMs);
  }
}
