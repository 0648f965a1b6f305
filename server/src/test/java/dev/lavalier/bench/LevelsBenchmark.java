package dev.lavalier.bench;

import dev.lavalier.audio.LevelMeter;
import dev.lavalier.audio.PcmFormat;
import java.lang.management.ManagementFactory;
import java.util.Random;

/**
 * Measures the levels of blocks of 10 ms on one core: processor time and allocation for each block.
 * Arguments: formats, {@code 48000/2/s16le ...}.
 */
final class LevelsBenchmark {

  private static final int BLOCKS = 20_000;
  private static final int ROUNDS = 7;

  private LevelsBenchmark() {}

  public static void main(String[] args) {
    for (String format : args) {
      measure(PcmFormat.parse(format));
    }
  }

  private static void measure(PcmFormat format) {
    LevelMeter meter = new LevelMeter(format);
    int block = format.sampleRateHz() / 100;
    byte[] noise = new byte[block * format.bytesPerSampleFrame()];
    new Random(1).nextBytes(noise);
    int blocks = Math.max(100, BLOCKS * 960 / (block * format.channelCount()));
    var threads = (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
    double best = Double.MAX_VALUE;
    double bytes = 0;
    for (int round = 0; round < ROUNDS; round++) {
      long allocated = threads.getCurrentThreadAllocatedBytes();
      long cpu = threads.getCurrentThreadCpuTime();
      for (int k = 0; k < blocks; k++) {
        meter.add(noise, 0, block);
      }
      best = Math.min(best, (double) (threads.getCurrentThreadCpuTime() - cpu) / blocks);
      bytes = (double) (threads.getCurrentThreadAllocatedBytes() - allocated) / blocks;
    }
    System.out.printf(
        "%s: %.1f us a block, estimate %.1f us, %.2f bytes allocated%n",
        format, best / 1e3, LevelMeter.nanosPerSecond(format) / 100e3, bytes);
  }
}
