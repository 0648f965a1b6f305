package dev.lavalier.pipeline;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lavalier.audio.Conversion;
import dev.lavalier.audio.PcmFormat;
import dev.lavalier.audio.PolyphaseFilters;
import dev.lavalier.capture.Loss;
import dev.lavalier.capture.LossCause;
import dev.lavalier.capture.Period;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Periods that a resampler answers with no samples. */
final class FormatPipelineTest {

  private static final PcmFormat CAPTURED = PcmFormat.parse("48000/1/s16le");
  private static final PcmFormat DELIVERED = PcmFormat.parse("8000/1/s16le");
  private static final Loss LOSS = new Loss(LossCause.DEVICE_OVERRUN, true);

  @Test
  void lossAfterAPeriodWithoutOutputIsCounted() throws Exception {
    Conversion conversion = Conversion.plan(CAPTURED, DELIVERED, List.of());
    FrameCodec codec = (format, frameSize) -> period -> new byte[0];
    StreamPlan plan = new StreamPlan(conversion, 8, codec);
    FormatPipeline pipeline = new FormatPipeline(conversion, new PolyphaseFilters(), () -> 0);
    pipeline.setPlans(Set.of(plan));
    Framer framer = pipeline.framer(plan);
    framer.ring().ensureCapacity(100);

    assertThat(pipeline.process(period(0, 24))).as("less than the look-ahead").isFalse();
    assertThat(framer.firstIndex()).isZero();
    pipeline.process(period(48_000, 4_800));

    long firstFrame = (conversion.firstOutputIndex(48_000) + 7) / 8 * 8;
    assertThat(firstFrame).isBetween(8_000L, 8_100L);
    assertThat(framer.ring().latest().lossesBefore().since(LossTotals.NONE))
        .containsExactly(new Gap.Part(firstFrame, LOSS));
  }

  private static Period period(long index, int samples) {
    return new Period(new byte[2 * samples], samples, index, 0, 0, 0, LOSS);
  }
}
