package dev.lavalier.bench;

import dev.lavalier.audio.PcmFormat;
import dev.lavalier.capture.Period;
import dev.lavalier.codec.flac.FlacCodec;
import dev.lavalier.codec.opus.OpusCodec;
import dev.lavalier.common.StreamException;
import dev.lavalier.pipeline.FrameEncoder;
import dev.lavalier.pipeline.PacketCodec;
import dev.lavalier.testing.TestSounds;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.util.Arrays;
import java.util.List;

/**
 * Measures the processor time of encoders on one core: of speech, music and noise, the one that
 * takes most. Arguments: {@code 48000/2/s16le opus:64000 20 ...}, a format, a codec and the
 * milliseconds of a frame. Without arguments, it compares the estimates of all streams of Opus with
 * the measured times, and prints the lowest and the highest ratio for each bit rate.
 */
final class EncodingBenchmark {

  private static final int SECONDS = 2;
  private static final int ROUNDS = 5;
  private static final List<Double> MILLIS = List.of(2.5, 5.0, 10.0, 20.0, 40.0, 60.0);
  private static final List<Integer> BITRATES =
      List.of(16_000, 24_000, 32_000, 48_000, 64_000, 96_000, 128_000, 192_000);
  private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

  private EncodingBenchmark() {}

  public static void main(String[] args) throws StreamException {
    compileFirst();
    for (int i = 0; i + 2 < args.length; i += 3) {
      PcmFormat format = PcmFormat.parse(args[i]);
      String[] codec = args[i + 1].split(":", -1);
      PacketCodec packets =
          codec[0].equals("flac") ? new FlacCodec() : new OpusCodec(Integer.parseInt(codec[1]));
      measure(
          args[i] + " " + args[i + 1] + " " + args[i + 2] + " ms",
          packets,
          format,
          Double.parseDouble(args[i + 2]));
    }
    if (args.length == 0) {
      for (int bitrate : BITRATES) {
        compare(new OpusCodec(bitrate));
      }
    }
  }

  /**
   * Runs for some seconds, so that the JVM compiles the code of all modes before it is measured.
   */
  private static void compileFirst() throws StreamException {
    for (int bitrate : BITRATES) {
      for (PcmFormat format :
          List.of(PcmFormat.parse("48000/2/s16le"), PcmFormat.parse("16000/1/s16le"))) {
        nanosPerSecond(new OpusCodec(bitrate), format, 20);
      }
    }
  }

  private static void compare(OpusCodec codec) throws StreamException {
    for (int rate : List.of(8_000, 12_000, 16_000, 24_000, 48_000)) {
      for (int channels = 1; channels <= 2; channels++) {
        PcmFormat format = PcmFormat.parse(rate + "/" + channels + "/s16le");
        for (double millis : MILLIS) {
          measure(
              "%s opus:%d %.1f ms".formatted(format, codec.bitrate(), millis),
              codec,
              format,
              millis);
        }
      }
    }
  }

  private static void measure(String name, PacketCodec codec, PcmFormat format, double millis)
      throws StreamException {
    double measured = nanosPerSecond(codec, format, millis) / 1e6;
    double estimate = codec.workNanosPerSecond(format, samples(format, millis)) / 1e6;
    System.out.printf(
        "%s: %.2f ms for each second, estimate %.2f ms, %.2f times the measured time%n",
        name, measured, estimate, estimate / measured);
  }

  private static int samples(PcmFormat format, double millis) {
    return (int) Math.round(format.sampleRateHz() * millis / 1_000);
  }

  /** Returns the processor time for a second of the sound that takes most, in the fastest round. */
  private static double nanosPerSecond(PacketCodec codec, PcmFormat format, double millis)
      throws StreamException {
    int frameSize = samples(format, millis);
    codec.check(format, frameSize);
    int rate = format.sampleRateHz();
    double most = 0;
    for (double[] sound :
        List.of(
            TestSounds.speech(rate, SECONDS),
            TestSounds.strings(rate, SECONDS),
            TestSounds.noise(rate, SECONDS))) {
      byte[] pcm = TestSounds.s16le(sound, format.channelCount());
      double best = Double.MAX_VALUE;
      for (int round = 0; round < ROUNDS; round++) {
        best = Math.min(best, encode(codec.newEncoder(format, frameSize), format, frameSize, pcm));
      }
      most = Math.max(most, best);
    }
    return most / SECONDS;
  }

  private static double encode(FrameEncoder encoder, PcmFormat format, int frameSize, byte[] pcm) {
    int bytes = frameSize * format.bytesPerSampleFrame();
    long start = THREADS.getCurrentThreadCpuTime();
    for (int frame = 0; (frame + 1) * bytes <= pcm.length; frame++) {
      byte[] samples = Arrays.copyOfRange(pcm, frame * bytes, (frame + 1) * bytes);
      encoder.encode(new Period(samples, frameSize, (long) frame * frameSize, 0, 0, 0));
    }
    return THREADS.getCurrentThreadCpuTime() - start;
  }
}
