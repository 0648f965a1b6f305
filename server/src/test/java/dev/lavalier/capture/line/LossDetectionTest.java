package dev.lavalier.capture.line;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.lavalier.capture.LossCause;
import dev.lavalier.capture.line.ScriptedAudioLine.Call;
import dev.lavalier.capture.line.ScriptedAudioLine.Overrun;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Lines that lose samples, and lines that are only late, in simulated time. */
final class LossDetectionTest {

  private final LineSimulation simulation = new LineSimulation();

  private static Duration ms(long millis) {
    return Duration.ofMillis(millis);
  }

  private void assertAllLossIsReported(LossCause cause, double toleranceMs) {
    assertThat(simulation.lostReason).isNull();
    assertThat(simulation.reportedMs()).isCloseTo(simulation.lostMs(), within(toleranceMs));
    assertThat(simulation.reportedMs(cause)).isEqualTo(simulation.reportedMs());
    simulation.measure();
    simulation.run(ms(1_000));
    assertThat(simulation.maxIndexErrorMs).isLessThan(toleranceMs);
    assertThat(simulation.maxCaptureErrorMs).isLessThan(toleranceMs);
  }

  @ParameterizedTest
  @CsvSource({
    "NEWEST, 300",
    "NEWEST, 1000",
    "NEWEST, 3000",
    "OLDEST, 300",
    "OLDEST, 3000",
    "ALL, 300",
    "ALL, 1000"
  })
  void lossDuringFirstPeriodIsReported(Overrun overrun, int workMs) {
    simulation.line.overruns(overrun);
    simulation.worksOnce(ms(workMs));
    simulation.start().run(ms(workMs + 2_000));

    assertThat(simulation.lostMs()).isGreaterThan(workMs - 220);
    assertAllLossIsReported(LossCause.SERVER_OVERLOAD, 5);
  }

  @Test
  void lossBeforeFirstLookAtTheLineIsReported() {
    simulation.start();
    simulation.time.advance(ms(1_000));
    simulation.run(ms(2_000));

    assertThat(simulation.lostMs()).isGreaterThan(780);
    assertAllLossIsReported(LossCause.SERVER_OVERLOAD, 5);
  }

  @ParameterizedTest
  @CsvSource({
    "NEWEST, 40, 0",
    "OLDEST, 40, 0",
    "ALL, 40, 0",
    "NEWEST, 40, 20",
    "OLDEST, 40, 20",
    "NEWEST, 12, 0",
    "OLDEST, 12, 20",
    "NEWEST, 300, 0",
    "NOTHING, 40, 0"
  })
  void overloadIsReportedWhileItLasts(Overrun overrun, int workMs, int burstMs) {
    simulation.line.overruns(overrun).bursts(ms(burstMs));
    simulation.start().run(ms(4_000));
    simulation.works(ms(workMs));
    simulation.run(ms(2_000));
    simulation.measure();
    for (int second = 0; second < 6; second++) {
      int before = simulation.lossReports;
      simulation.run(ms(1_000));
      if (workMs >= 40) {
        assertThat(simulation.lossReports).isGreaterThan(before);
      }
      assertThat(simulation.lastPeriodAt - simulation.lastLossAt).isLessThan(2_000_000_000L);
    }
    assertThat(simulation.maxIndexErrorMs).isLessThan(20);
    assertThat(simulation.maxCaptureErrorMs).isLessThan(20);

    simulation.works(Duration.ZERO);
    simulation.run(ms(3_000));
    assertThat(simulation.lostMs()).isGreaterThan(700);
    assertAllLossIsReported(LossCause.SERVER_OVERLOAD, 5);
  }

  @Test
  void overloadFromTheStartIsReportedWhileItLasts() {
    simulation.works(ms(40));
    simulation.start().run(ms(2_000));
    simulation.measure();
    simulation.run(ms(7_000));
    assertThat(simulation.reportedMs()).isGreaterThan(5_000);
    assertThat(simulation.maxIndexErrorMs).isLessThan(20);
    simulation.works(Duration.ZERO);
    simulation.run(ms(2_000));
    assertAllLossIsReported(LossCause.SERVER_OVERLOAD, 5);
  }

  @ParameterizedTest
  @EnumSource(Overrun.class)
  void onePauseLosesOnlyWhatTheLineLost(Overrun overrun) {
    simulation.line.overruns(overrun).bursts(ms(20));
    simulation.start().run(ms(5_000));
    simulation.worksOnce(ms(900));
    simulation.run(ms(3_000));

    assertThat(simulation.lostMs()).isCloseTo(simulation.line.lost() / 48.0, within(0.01));
    assertAllLossIsReported(LossCause.SERVER_OVERLOAD, 5);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 20, 40, 80})
  void lossOfTheDeviceIsReported(int burstMs) {
    simulation.line.bursts(ms(burstMs));
    simulation.start().run(ms(5_000));
    simulation.line.lose(ms(700));
    simulation.run(ms(3_000));

    assertThat(simulation.lossReports).isEqualTo(1);
    assertAllLossIsReported(LossCause.DEVICE_OVERRUN, 12);
  }

  @Test
  void lossOfTheDeviceIsReportedWhileTheReaderIsOftenLate() {
    simulation.start().run(ms(2_000));
    simulation.line.lose(ms(700));
    for (int i = 0; i < 60; i++) {
      simulation.worksOnce(ms(35));
      simulation.run(ms(50));
    }
    assertAllLossIsReported(LossCause.DEVICE_OVERRUN, 12);
  }

  @Test
  void smallLossesOfTheDeviceAreReportedInSum() {
    simulation.start().run(ms(60_000));
    for (int i = 0; i < 6; i++) {
      simulation.line.lose(ms(45));
      simulation.run(ms(60_000));
    }
    assertThat(simulation.lostMs()).isBetween(269.0, 271.0);
    assertThat(simulation.reportedMs(LossCause.DEVICE_OVERRUN)).isBetween(215.0, 235.0);
    assertThat(simulation.lossReports).isEqualTo(1);
  }

  @ParameterizedTest
  @CsvSource({"0, 150", "20, 190", "20, 1500", "40, 400", "80, 300", "170, 500"})
  void lateSamplesAreNoLoss(int burstMs, int stallMs) {
    simulation.line.overruns(Overrun.NOTHING).bursts(ms(burstMs)).drifts(80);
    simulation.start().run(ms(5_000));
    for (int i = 0; i < 30; i++) {
      simulation.line.stall(ms(stallMs));
      simulation.run(ms(stallMs + 2_000));
      simulation.worksOnce(ms(stallMs));
      simulation.run(ms(stallMs + 2_000));
    }
    assertThat(simulation.lostMs()).isZero();
    assertThat(simulation.lossReports).isZero();
  }

  @Test
  void slowStartIsNoLoss() {
    simulation.line.startsAfter(ms(1_700)).bursts(ms(20));
    simulation.start().run(ms(10_000));
    assertThat(simulation.delivered).isGreaterThan(8_200 * 48);
    assertThat(simulation.lossReports).isZero();
  }

  @Test
  void slowCallsAreNoLoss() {
    simulation.line.overruns(Overrun.NOTHING).hangs(Call.START, ms(1_500));
    simulation.start().run(ms(3_000));
    simulation.line.hangs(Call.AVAILABLE, ms(700));
    simulation.run(ms(3_000));
    simulation.line.hangs(Call.READ, ms(700));
    simulation.run(ms(3_000));
    assertThat(simulation.delivered).isGreaterThan(8_900 * 48);
    assertThat(simulation.lossReports).isZero();
  }
}
