package dev.lavalier.pipeline;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lavalier.audio.Conversion;
import dev.lavalier.audio.PcmFormat;
import dev.lavalier.audio.Planes;
import dev.lavalier.audio.PolyphaseFilters;
import dev.lavalier.capture.Loss;
import dev.lavalier.capture.LossCause;
import dev.lavalier.capture.Period;
import dev.lavalier.common.WorkBudget;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/** Periods that a resampler answers with no samples. */
final class FormatPipelineTest {

  private static final PcmFormat CAPTURED = PcmFormat.parse("48000/1/s16le");
  private static final PcmFormat DELIVERED = PcmFormat.parse("8000/1/s16le");
  private static final long EPOCH = 1;
  private static final Loss LOSS = new Loss(LossCause.DEVICE_OVERRUN, true);

  @Test
  void lossAfterAPeriodWithoutOutputIsCounted() throws Exception {
    Conversion conversion = Conversion.plan(CAPTURED, DELIVERED, List.of());
    FrameCodec codec = (format, frameSize) -> period -> new byte[0];
    StreamPlan plan = new StreamPlan(conversion, 8, codec);
    FormatPipeline pipeline =
        new FormatPipeline(conversion, new Planes(new PolyphaseFilters()), () -> 0, EPOCH);
    pipeline.setPlans(Map.of(plan, 128));
    FrameProducer framer = pipeline.frames(plan);

    assertThat(pipeline.process(period(0, 24), WorkBudget.unlimited()))
        .as("less than the look-ahead")
        .isFalse();
    assertThat(framer.firstIndex()).isZero();
    pipeline.process(period(48_000, 4_800), WorkBudget.unlimited());

    long firstFrame = (conversion.firstOutputIndex(48_000) + 7) / 8 * 8;
    assertThat(firstFrame).isBetween(8_000L, 8_100L);
    assertThat(framer.ring().latest().lossesBefore().since(LossTotals.NONE))
        .containsExactly(new Gap.Part(firstFrame, LOSS));
  }

  /** The processor time of a conversion is 20 ms for each period of 10 ms. */
  @Test
  void periodsBeyondTheBudgetAreLostToOverload() throws Exception {
    Conversion conversion =
        Conversion.plan(CAPTURED, PcmFormat.parse("48000/2/s16le"), List.of(1, 1));
    AtomicLong cpuNanos = new AtomicLong();
    WorkBudget budget = new WorkBudget(0.5, 10_000_000, () -> cpuNanos.getAndAdd(20_000_000));
    FrameCodec codec = (format, frameSize) -> period -> new byte[0];
    StreamPlan plan = new StreamPlan(conversion, 480, codec);
    FormatPipeline pipeline =
        new FormatPipeline(conversion, new Planes(new PolyphaseFilters()), () -> 0, EPOCH);
    pipeline.setPlans(Map.of(plan, 1024));

    int published = 0;
    for (int k = 0; k < 400; k++) {
      budget.accrue(10_000_000);
      published += pipeline.process(period(480L * k, 480), budget) ? 1 : 0;
    }
    assertThat(published).isBetween(99, 102);
    Frame latest = pipeline.frames(plan).ring().latest();
    long delivered = 480L * published;
    assertThat(latest.lossesBefore().since(LossTotals.NONE))
        .containsExactly(
            new Gap.Part(
                latest.sampleIndex() + 480 - delivered,
                new Loss(LossCause.SERVER_OVERLOAD, false)));
  }

  private static Period period(long index, int samples) {
    return new Period(new byte[2 * samples], samples, index, 0, 0, 0, LOSS);
  }
}
