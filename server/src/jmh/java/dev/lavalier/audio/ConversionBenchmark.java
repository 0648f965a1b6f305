package dev.lavalier.audio;

import dev.lavalier.common.StreamException;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/**
 * Claim: {@link Conversion#workNanosPerSecond} is about the processor time of a conversion, and no
 * less than half of it. One operation converts one period of 10 ms, 48 kHz stereo. The estimate for
 * one operation is printed before the first one.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
public class ConversionBenchmark {

  private static final PcmFormat CAPTURED = PcmFormat.parse("48000/2/s16le");
  private static final int PERIOD_SAMPLES = 480;

  /** The delivery format, and the channel map; empty: the default map. */
  @Param({
    "16000/1/s16le:",
    "48000/1/f32le:2",
    "48000/4/s16le:0,0,1,2",
    "44100/2/s24le:",
    "96000/2/s16le:",
    "96000/4/f32le:1,2,1,2",
    "96000/4/s16le:1,2,1,2"
  })
  public String delivery;

  private final byte[] period = new byte[PERIOD_SAMPLES * CAPTURED.bytesPerSampleFrame()];
  private FormatConverter converter;
  private long next;

  /** Creates the converter and prints the estimate. */
  @Setup
  public void plan() throws StreamException {
    String[] parts = delivery.split(":", -1);
    List<Integer> map =
        parts[1].isEmpty()
            ? List.of()
            : Arrays.stream(parts[1].split(",")).map(Integer::valueOf).toList();
    Conversion conversion = Conversion.plan(CAPTURED, PcmFormat.parse(parts[0]), map);
    converter = new FormatConverter(conversion, new PolyphaseFilters());
    new Random(1).nextBytes(period);
    System.out.printf("estimate: %.1f us%n", conversion.workNanosPerSecond() / 100_000.0);
  }

  /** Converts one period. */
  @Benchmark
  public int convert() {
    int samples = converter.convert(period, PERIOD_SAMPLES, next);
    next += PERIOD_SAMPLES;
    return samples;
  }
}
