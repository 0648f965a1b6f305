package dev.lavalier.pipeline;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lavalier.audio.Conversion;
import dev.lavalier.audio.PcmFormat;
import dev.lavalier.audio.Planes;
import dev.lavalier.audio.PolyphaseFilters;
import dev.lavalier.capture.Loss;
import dev.lavalier.capture.LossCause;
import dev.lavalier.capture.Period;
import dev.lavalier.common.StreamException;
import dev.lavalier.common.WorkBudget;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class LevelFramerTest {

  private static final PcmFormat MONO = PcmFormat.parse("8000/1/s16le");
  private static final long EPOCH = 7;
  private static final int INTERVAL = 800;
  private static final Loss LOSS = new Loss(LossCause.DEVICE_OVERRUN, true);

  private record Measured(long sampleIndex, long captureUnixNanos, long samples, double peak) {}

  private final List<Measured> measured = new ArrayList<>();

  private final LevelCodec codec =
      levels -> {
        assertThat(levels.epoch()).isEqualTo(EPOCH);
        assertThat(levels.samplesLost()).isEqualTo(levels.interval() - levels.samples());
        measured.add(
            new Measured(
                levels.sampleIndex(),
                levels.captureUnixNanos(),
                levels.samples(),
                levels.meter().peak(0)));
        return new byte[] {1};
      };

  private StreamPlan plan(int interval) {
    try {
      return new StreamPlan(Conversion.plan(MONO, MONO, List.of()), interval, codec);
    } catch (StreamException e) {
      throw new AssertionError(e);
    }
  }

  private LevelFramer framer(int interval) {
    return new LevelFramer(plan(interval), 16, EPOCH);
  }

  /** Returns a period in which the sample at {@code loud} is half of full scale. */
  private static Period period(long from, int samples, long loud) {
    byte[] pcm = new byte[2 * samples];
    if (loud >= from && loud < from + samples) {
      pcm[2 * (int) (loud - from) + 1] = 0x40;
    }
    return new Period(pcm, samples, from, MONO.nanosOf(from), MONO.nanosOf(from), 0, LOSS);
  }

  private static boolean accept(LevelFramer framer, Period period) {
    return framer.accept(period, period.loss(), 0);
  }

  @ParameterizedTest
  @CsvSource({"80,800,0", "80,160,0", "80,80,0", "13,250,1001", "80,700,79", "400,160,240"})
  void intervalsLieOnGridForEveryPeriod(int periodSamples, int interval, long joinedAt) {
    LevelFramer framer = framer(interval);
    long loud = (joinedAt / interval + 3) * interval; // the first sample of an interval
    long end = joinedAt + 20_000;
    for (long at = joinedAt; at < end; at += periodSamples) {
      long before = framer.ring().head();
      boolean published = accept(framer, period(at, periodSamples, loud));
      assertThat(published).isEqualTo(framer.ring().head() > before);
    }
    long expected = (joinedAt + interval - 1) / interval * interval;
    assertThat(framer.firstIndex()).isEqualTo(expected);
    for (Measured each : measured) {
      assertThat(each)
          .isEqualTo(
              new Measured(expected, MONO.nanosOf(expected), interval, expected == loud ? 0.5 : 0));
      expected += interval;
    }
    assertThat(expected).isGreaterThan(end - interval);
    assertThat(framer.ring().latest().lossesBefore().since(LossTotals.NONE)).isEmpty();
  }

  @Test
  void intervalWithLossHasTheOtherSamples() {
    LevelFramer framer = framer(INTERVAL);
    accept(framer, period(0, 80, 0));
    accept(framer, period(480, 320, -1)); // 400 are lost
    assertThat(measured).containsExactly(new Measured(0, 0, 400, 0.5));
  }

  @Test
  void intervalWhoseEndIsLostIsPublishedWithTheNextPeriod() {
    LevelFramer framer = framer(INTERVAL);
    accept(framer, period(0, 80, 0));
    assertThat(accept(framer, period(1_000, 80, -1))).isTrue();
    accept(framer, period(1_080, 520, -1));
    assertThat(measured)
        .containsExactly(new Measured(0, 0, 80, 0.5), new Measured(800, MONO.nanosOf(800), 600, 0));
    assertThat(framer.ring().latest().lossesBefore().since(LossTotals.NONE)).isEmpty();
  }

  @Test
  void lostIntervalsAreSkippedAndCounted() {
    LevelFramer framer = framer(INTERVAL);
    accept(framer, period(0, 800, 0));
    accept(framer, period(4_100, 700, -1));
    assertThat(measured)
        .containsExactly(
            new Measured(0, 0, 800, 0.5), new Measured(4_000, MONO.nanosOf(4_000), 700, 0));
    assertThat(framer.ring().latest().lossesBefore().since(LossTotals.NONE))
        .containsExactly(new Gap.Part(4 * 800, LOSS));
  }

  /** The processor time of the levels is 20 ms for each period of 10 ms. */
  @Test
  void periodsBeyondTheBudgetAreLostToOverload() {
    AtomicLong cpuNanos = new AtomicLong();
    WorkBudget budget = new WorkBudget(0.5, 10_000_000, () -> cpuNanos.getAndAdd(20_000_000));
    StreamPlan plan = plan(80);
    FormatPipeline pipeline =
        new FormatPipeline(plan.conversion(), new Planes(new PolyphaseFilters()), () -> 0, EPOCH);
    pipeline.setPlans(Map.of(plan, 1_024));
    int published = 0;
    for (int k = 0; k < 400; k++) {
      budget.accrue(10_000_000);
      published += pipeline.process(period(80L * k, 80, -1), budget) ? 1 : 0;
    }
    assertThat(published).isBetween(99, 102);
    Frame latest = pipeline.frames(plan).ring().latest();
    assertThat(latest.lossesBefore().since(LossTotals.NONE))
        .containsExactly(
            new Gap.Part(
                latest.sampleIndex() + 80 - 80L * published,
                new Loss(LossCause.SERVER_OVERLOAD, false)));
  }
}
