package dev.lavalier.observe;

import dev.lavalier.pipeline.StreamMetrics;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Threads;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Measures the most frequent metrics call: one for each frame and subscriber, from one delivery
 * loop and from two at once. The target is that 25,000 frames per second use less than 1 % of a
 * core: 400 ns per frame.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(2)
public class MetricsBenchmark {

  private Metrics metrics;
  private StreamMetrics streamMetrics;

  /** Creates the metrics of one device. */
  @Setup
  public void setUp() {
    metrics = new Metrics("benchmark");
    streamMetrics = metrics.streamMetrics("mic");
  }

  /** Closes the metrics. */
  @TearDown
  public void tearDown() {
    metrics.close();
  }

  /** Counts a frame on one delivery loop. */
  @Benchmark
  @Threads(1)
  public void frameSent() {
    streamMetrics.onFrameSent(660, ThreadLocalRandom.current().nextLong(20_000_000));
  }

  /** Counts frames of the same device on two delivery loops. */
  @Benchmark
  @Threads(2)
  public void frameSentOnTwoLoops() {
    streamMetrics.onFrameSent(660, ThreadLocalRandom.current().nextLong(20_000_000));
  }
}
