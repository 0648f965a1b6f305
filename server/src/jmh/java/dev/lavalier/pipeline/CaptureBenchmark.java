package dev.lavalier.pipeline;

import dev.lavalier.audio.Conversion;
import dev.lavalier.audio.PcmFormat;
import dev.lavalier.audio.PolyphaseFilters;
import dev.lavalier.capture.Period;
import dev.lavalier.codec.opus.OpusCodec;
import dev.lavalier.common.StreamException;
import dev.lavalier.common.WorkBudget;
import dev.lavalier.service.AudioCaptureCalls;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/**
 * Claim: encoders take the capture thread a few microseconds for each period, for any number of
 * them, because it only copies the period for the encoder threads. One operation is one period of
 * 10 ms, 48 kHz stereo, with one stream of PCM and the encoders of that many different streams of
 * Opus. A period comes each 10 ms, as from a device, so the caches are as cold as in a server.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
public class CaptureBenchmark {

  private static final PcmFormat FORMAT = PcmFormat.parse("48000/2/s16le");
  private static final int PERIOD_SAMPLES = 480;
  private static final long PERIOD_NANOS = 10_000_000;
  private static final int[] BITRATES = {32_000, 48_000, 64_000, 96_000};
  private static final int[] FRAME_SIZES = {480, 960, 1_920, 2_880};

  /** The number of encoders. */
  @Param({"0", "16"})
  public int encoders;

  private final byte[] pcm = new byte[PERIOD_SAMPLES * FORMAT.bytesPerSampleFrame()];
  private final EncoderThreads threads = EncoderThreads.create();
  private CapturePipeline pipeline;
  private long at;
  private long nextNanos;

  /** Opus without messages around the packets. */
  private record Packets(OpusCodec codec, EncoderThreads threads) implements FrameCodec {

    @Override
    public FrameEncoder newEncoder(PcmFormat format, int frameSize) {
      return codec.newEncoder(format, frameSize);
    }

    @Override
    public long workNanosPerSecond(PcmFormat format, int frameSize) {
      return codec.workNanosPerSecond(format, frameSize);
    }

    @Override
    public Executor assignThread() {
      return threads.assign();
    }
  }

  /** Ignores the events. */
  private static final class NoEvents implements PipelineListener {

    @Override
    public void onFirstPeriod(CapturePipeline pipeline) {}

    @Override
    public void onOverrun(CapturePipeline pipeline, long samples) {}

    @Override
    public void onSilence(CapturePipeline pipeline, boolean silent) {}

    @Override
    public void onLost(CapturePipeline pipeline, String reason) {}
  }

  /** Creates the pipeline. */
  @Setup
  public void createPipeline() throws StreamException {
    pipeline =
        new CapturePipeline(
            1,
            0,
            FORMAT,
            PERIOD_SAMPLES,
            0,
            new PolyphaseFilters(),
            System::nanoTime,
            WorkBudget.unlimited(),
            WorkBudget.unlimited(),
            new NoEvents(),
            StreamMetrics.NONE);
    Conversion asCaptured = Conversion.plan(FORMAT, FORMAT, List.of());
    Map<StreamPlan, Integer> plans = new LinkedHashMap<>();
    plans.put(new StreamPlan(asCaptured, 960, AudioCaptureCalls.pcmCodec()), 10);
    for (int k = 0; k < encoders; k++) {
      Packets codec = new Packets(new OpusCodec(BITRATES[k % 4]), threads);
      plans.put(new StreamPlan(asCaptured, FRAME_SIZES[k / 4], codec), 10);
    }
    pipeline.update(plans, Set.of());
    new Random(1).nextBytes(pcm);
    nextNanos = System.nanoTime();
  }

  /** Waits for the next period. */
  @Setup(Level.Invocation)
  public void awaitPeriod() {
    nextNanos += PERIOD_NANOS;
    long now = System.nanoTime();
    while (now < nextNanos) {
      LockSupport.parkNanos(nextNanos - now);
      now = System.nanoTime();
    }
    nextNanos = Math.max(nextNanos, now - PERIOD_NANOS);
  }

  /** Processes one period. */
  @Benchmark
  public long period() {
    long nanos = FORMAT.nanosOf(at);
    pipeline.onPeriod(new Period(pcm, PERIOD_SAMPLES, at, nanos, nanos, nanos + PERIOD_NANOS));
    at += PERIOD_SAMPLES;
    return at;
  }

  /** Ends the encoder threads. */
  @TearDown
  public void close() {
    threads.close();
  }
}
