package dev.lavalier.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lavalier.audio.Conversion;
import dev.lavalier.audio.PcmFormat;
import dev.lavalier.audio.PolyphaseFilters;
import dev.lavalier.capture.Period;
import dev.lavalier.common.StreamException;
import dev.lavalier.common.WorkBudget;
import dev.lavalier.testing.NoPipelineListener;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.Executor;
import org.junit.jupiter.api.Test;

/** Tests an epoch whose source numbers its samples itself, and the budgets of an epoch. */
final class CapturePipelineTest {

  private static final PcmFormat FORMAT = PcmFormat.parse("48000/1/s16le");
  private static final long EPOCH = 7;

  private final CapturePipeline pipeline =
      new CapturePipeline(
          EPOCH,
          4_800,
          FORMAT,
          480,
          0,
          new PolyphaseFilters(),
          () -> 0,
          WorkBudget.unlimited(),
          WorkBudget.unlimited(),
          new NoPipelineListener(),
          StreamMetrics.NONE);

  private long cpuNanos;
  private int encoded;
  private int converted;

  private void resumeAt(long index) throws StreamException {
    Conversion asCaptured = Conversion.plan(FORMAT, FORMAT, List.of());
    pipeline.checkStart(new StartFrom.Resume(EPOCH, index), asCaptured, 0);
  }

  @Test
  void streamCanResumeAtTheStartIndexBeforeTheFirstPeriod() throws Exception {
    resumeAt(4_800);
    assertThatThrownBy(() -> resumeAt(5_280))
        .hasMessage("resume.sample_index: 5280 (expected: already captured, at most 4800)");
    assertThat(pipeline.capturedSamples()).isZero();
  }

  @Test
  void samplesBeforeTheStartIndexDoNotCountAsCaptured() throws Exception {
    pipeline.onPeriod(new Period(new byte[960], 480, 4_800, 0, 0, 0));
    resumeAt(5_280);
    assertThat(pipeline.capturedSamples()).isEqualTo(480);
  }

  /** A codec that takes 100 ms of processor time for each frame. */
  private final class SlowCodec implements FrameCodec {

    @Override
    public FrameEncoder newEncoder(PcmFormat format, int frameSize) {
      return frame -> {
        cpuNanos += 100_000_000;
        encoded++;
        return new byte[1];
      };
    }

    @Override
    public Executor assignThread() {
      return Runnable::run;
    }
  }

  @Test
  void encodersBeyondTheirBudgetDoNotAffectConversions() throws Exception {
    CapturePipeline limited =
        new CapturePipeline(
            EPOCH,
            0,
            FORMAT,
            480,
            0,
            new PolyphaseFilters(),
            () -> 0,
            new WorkBudget(0.5, 10_000_000, () -> cpuNanos),
            new WorkBudget(0.5, 10_000_000, () -> cpuNanos),
            new NoPipelineListener(),
            StreamMetrics.NONE);
    Conversion toFloat = Conversion.plan(FORMAT, PcmFormat.parse("48000/1/f32le"), List.of());
    Conversion asCaptured = Conversion.plan(FORMAT, FORMAT, List.of());
    FrameCodec plain =
        FrameCodec.stateless(
            frame -> {
              converted++;
              return new byte[1];
            });
    limited.update(
        Map.of(
            new StreamPlan(toFloat, 480, plain), 10,
            new StreamPlan(asCaptured, 480, new SlowCodec()), 10),
        Set.of());
    for (int k = 0; k < 40; k++) { // 0.4 s: 200 ms for encoders, which are two frames
      limited.onPeriod(new Period(new byte[960], 480, 480L * k, 0, 0, 0));
    }
    assertThat(converted).isEqualTo(40);
    assertThat(encoded).isBetween(2, 4);
  }

  /** The short frames alone take all of the budget. */
  @Test
  void spentBudgetOfEncodersLeavesWholeLongFrames() throws Exception {
    CapturePipeline limited =
        new CapturePipeline(
            EPOCH,
            0,
            FORMAT,
            480,
            0,
            new PolyphaseFilters(),
            () -> 0,
            WorkBudget.unlimited(),
            new WorkBudget(0.05, 500_000_000, () -> cpuNanos),
            new NoPipelineListener(),
            StreamMetrics.NONE);
    StreamPlan shortFrames = new StreamPlan(asCaptured(), 480, new WorkingCodec(1_000_000));
    StreamPlan longFrames = new StreamPlan(asCaptured(), 1_920, new WorkingCodec(0));
    limited.update(Map.of(shortFrames, 10, longFrames, 10), Set.of());
    for (int k = 0; k < 10_000; k++) { // 100 s: half of the work that the short frames take
      limited.onPeriod(new Period(new byte[960], 480, 480L * k, 0, 0, 0));
    }
    long shorts = limited.frames(shortFrames).ring().head();
    assertThat(shorts).isBetween(5_000L, 6_000L);
    assertThat(limited.frames(longFrames).ring().head()).isBetween(shorts / 4 - 100, shorts / 4);
  }

  /** A codec whose frames take some processor time, on one thread for all. */
  private final class WorkingCodec implements FrameCodec {
    private static final Executor THREAD = Runnable::run;
    private final long nanos;

    WorkingCodec(long nanos) {
      this.nanos = nanos;
    }

    @Override
    public FrameEncoder newEncoder(PcmFormat format, int frameSize) {
      return frame -> {
        cpuNanos += nanos;
        return new byte[1];
      };
    }

    @Override
    public Executor assignThread() {
      return THREAD;
    }
  }

  @Test
  void blocksOfADiscardedFramerAreNotEncoded() throws Exception {
    Queue<Runnable> tasks = new ArrayDeque<>();
    Executor thread = tasks::add;
    StreamPlan discarded = new StreamPlan(asCaptured(), 480, new CountingCodec(thread));
    StreamPlan kept = new StreamPlan(asCaptured(), 480, new CountingCodec(thread));
    pipeline.update(Map.of(discarded, 10, kept, 10), Set.of());
    for (int k = 0; k < 3; k++) {
      pipeline.onPeriod(new Period(new byte[960], 480, 480L * k, 0, 0, 0));
    }
    FrameRing ring = pipeline.frames(kept).ring();
    pipeline.update(Map.of(kept, 10), Set.of());
    tasks.remove().run();
    assertThat(encoded).isEqualTo(1);
    assertThat(ring.head()).isEqualTo(1);

    pipeline.update(Map.of(), Set.of());
    tasks.forEach(Runnable::run);
    assertThat(encoded).isEqualTo(1);
  }

  private static Conversion asCaptured() throws StreamException {
    return Conversion.plan(FORMAT, FORMAT, List.of());
  }

  /** A codec that counts its frames. */
  private final class CountingCodec implements FrameCodec {
    private final Executor thread;

    CountingCodec(Executor thread) {
      this.thread = thread;
    }

    @Override
    public FrameEncoder newEncoder(PcmFormat format, int frameSize) {
      return frame -> {
        encoded++;
        return new byte[1];
      };
    }

    @Override
    public Executor assignThread() {
      return thread;
    }
  }
}
