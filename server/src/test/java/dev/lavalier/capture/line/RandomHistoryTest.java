package dev.lavalier.capture.line;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.lavalier.capture.line.ScriptedAudioLine.Overrun;
import java.time.Duration;
import java.util.OptionalDouble;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Random histories of stalls, pauses, overloads and steps of the wall clock. A seed repeats its
 * history exactly.
 */
final class RandomHistoryTest {

  /** One suspected loss of less than 4 ms is not reported yet, and measuring is inexact. */
  private static final double TOLERANCE_MS = 6;

  private static final double MAX_PPM_ERROR = 5;

  private static final int EVENTS = 10;
  private static final int[] BURSTS_MS = {0, 20, 40, 80};

  private final LineSimulation simulation = new LineSimulation();
  private double ppm;
  private boolean rateReported;

  private static Duration ms(long millis) {
    return Duration.ofMillis(millis);
  }

  private void runAndCompareRate(int millis) {
    simulation.run(ms(millis));
    OptionalDouble measured = simulation.reading.clockPpm();
    if (measured.isPresent()) {
      rateReported = true;
      assertThat(measured.getAsDouble()).isCloseTo(ppm, within(MAX_PPM_ERROR));
    }
  }

  private void start(Overrun overrun, int burstMs, Random random, int maxPpm) {
    ppm = random.nextInt(2 * maxPpm) - maxPpm;
    simulation.line.overruns(overrun).bursts(ms(burstMs)).drifts(ppm);
    simulation.line.startsAfter(ms(random.nextInt(3) * 500L));
    simulation.start();
  }

  private void overload(int workMs, int millis) {
    simulation.works(ms(workMs));
    simulation.run(ms(millis));
    simulation.works(Duration.ZERO);
  }

  private void happen(Random random) {
    int length = random.nextInt(500);
    switch (random.nextInt(5)) {
      case 0 -> simulation.line.stall(ms(length));
      case 1 -> simulation.worksOnce(ms(length));
      case 2 -> overload(12 + random.nextInt(50), 4 * length);
      case 3 -> simulation.time.stepWallClock(ms((random.nextInt(20) - 10) * 700L));
      default -> {} // nothing for longer
    }
  }

  @ParameterizedTest
  @CsvSource({"NEWEST, 1", "OLDEST, 4", "ALL, 7", "ALL, 8", "NOTHING, 10"})
  void lossAndRateAreRightAfterwards(Overrun overrun, int seed) {
    for (int burstMs : BURSTS_MS) {
      RandomHistoryTest history = new RandomHistoryTest();
      history.lossAndRateAreRight(overrun, burstMs, new Random(10L * seed + burstMs));
    }
  }

  private void lossAndRateAreRight(Overrun overrun, int burstMs, Random random) {
    start(overrun, burstMs, random, 100);
    for (int i = 0; i < EVENTS; i++) {
      happen(random);
      runAndCompareRate(1 + random.nextInt(6_000));
    }
    simulation.run(ms(5_000));
    assertThat(simulation.lostReason).isNull();
    assertThat(simulation.reportedMs()).isCloseTo(simulation.lostMs(), within(TOLERANCE_MS));
    simulation.measure();
    for (int i = 0; i < 30 && (i < 5 || !rateReported); i++) {
      runAndCompareRate(5_000);
    }
    assertThat(simulation.maxIndexErrorMs).isLessThan(20);
    assertThat(simulation.maxCaptureErrorMs).isLessThan(20);
    assertThat(simulation.reportedMs()).isCloseTo(simulation.lostMs(), within(TOLERANCE_MS));
    assertThat(rateReported).isTrue();
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 3})
  void nothingIsReportedIfNothingIsLost(int seed) {
    for (Overrun overrun : new Overrun[] {Overrun.NOTHING, Overrun.NEWEST}) {
      for (int burstMs : BURSTS_MS) {
        RandomHistoryTest history = new RandomHistoryTest();
        history.nothingIsReported(overrun, burstMs, new Random(10L * seed + burstMs));
      }
    }
  }

  private void nothingIsReported(Overrun overrun, int burstMs, Random random) {
    start(overrun, burstMs, random, 200);
    // The line must have room for what waits for the pacer, and for the burst at the end.
    int maxPauseMs = overrun == Overrun.NOTHING ? 195 : 180 - 2 * burstMs;
    for (int i = 0; i < EVENTS; i++) {
      int length = random.nextInt(maxPauseMs);
      if (random.nextBoolean()) {
        simulation.line.stall(ms(length));
      } else {
        simulation.worksOnce(ms(length));
      }
      runAndCompareRate(500 + random.nextInt(6_000));
    }
    assertThat(simulation.line.lost()).isZero();
    assertThat(simulation.lossReports).isZero();
  }
}
