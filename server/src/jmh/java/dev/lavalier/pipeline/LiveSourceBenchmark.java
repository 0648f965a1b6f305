package dev.lavalier.pipeline;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.infra.Blackhole;

/**
 * Claim: publishing a frame costs the same regardless of the number of live sources, and allocates
 * only the frame (56 bytes). Polling it from a live source costs some nanoseconds and allocates
 * nothing.
 *
 * <p>One operation is one frame: {@code publish} adds it to the ring; {@code publishAndPoll} also
 * polls it from every live source.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class LiveSourceBenchmark {

  private static final byte[] MESSAGE = {};

  /** The number of live sources of the ring. */
  @Param({"1", "10", "100"})
  public int queues;

  private FrameRing ring;
  private List<LiveSource> readers;

  /** Creates the ring and its live sources. */
  @Setup(Level.Iteration)
  public void createSources() {
    ring = new FrameRing(16);
    readers = new ArrayList<>();
    for (int i = 0; i < queues; i++) {
      readers.add(LiveSource.after(null, ring, 10, Long.MAX_VALUE));
    }
  }

  /** Publishes one frame. */
  @Benchmark
  public void publish() {
    long sequence = ring.head();
    ring.publish(new Frame(sequence, sequence * 960, LossTotals.NONE, 0, 0, 0, 0, 0, MESSAGE));
  }

  /** Publishes one frame and polls it from every live source. */
  @Benchmark
  public void publishAndPoll(Blackhole taken) {
    publish();
    for (LiveSource source : readers) {
      taken.consume(source.poll(0));
    }
  }
}
