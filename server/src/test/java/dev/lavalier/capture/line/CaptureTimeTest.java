package dev.lavalier.capture.line;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.lavalier.capture.LossCause;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Capture times while the clocks of the machine step, and while the machine is suspended. */
final class CaptureTimeTest {

  private static final Duration HOUR = Duration.ofHours(1);

  private final LineSimulation simulation = new LineSimulation();

  private static Duration ms(long millis) {
    return Duration.ofMillis(millis);
  }

  @Test
  void preemptionBetweenClockReadsDoesNotShow() {
    simulation.start().run(ms(5_000));
    simulation.measure();
    for (int i = 0; i < 500; i++) {
      simulation.time.preemptAtNextWallRead(ms(i % 18));
      simulation.run(ms(20));
    }
    assertThat(simulation.maxUnixErrorMs).isLessThan(1);
    assertThat(simulation.maxBackwardsMs).isZero();
    assertThat(simulation.lossReports).isZero();
  }

  @ParameterizedTest
  @ValueSource(longs = {-3_600_000, -2_000, -300, 300, 2_000, 3_600_000})
  void wallClockStepShowsWithoutLoss(long stepMs) {
    LineSimulation hidden = new LineSimulation(new SimulatedTime().hidesSuspends(), 9_600);
    for (LineSimulation each : new LineSimulation[] {simulation, hidden}) {
      each.line.bursts(ms(40));
      each.start().run(ms(5_000));
      each.measure();
      each.time.stepWallClock(ms(stepMs));
      each.run(ms(1_000));
      assertThat(each.maxBackwardsMs).isLessThanOrEqualTo(Math.max(0, -stepMs) + 0.001);
      each.measure();
      each.run(ms(1_000));
      assertThat(each.maxUnixErrorMs).isLessThan(2);
      assertThat(each.lossReports).isZero();
      assertThat(each.lostReason).isNull();
    }
  }

  @ParameterizedTest
  @CsvSource({"true, 0", "true, 500", "true, 1500", "false, 500", "false, 1500"})
  void suspendIsALossOfItsLength(boolean exact, int silentMs) {
    SimulatedTime time = exact ? simulation.time : new SimulatedTime().hidesSuspends();
    LineSimulation run = exact ? simulation : new LineSimulation(time, 9_600);
    run.line.bursts(ms(20)).drifts(-60);
    run.start().run(ms(60_000));
    long unixBefore = run.lastUnixNanos;
    long indexBefore = run.nextIndex;
    time.suspend(HOUR);
    run.line.lose(ms(silentMs));
    run.run(ms(5_000));

    double missing = HOUR.toMillis() + (silentMs > 200 ? silentMs : 0);
    assertThat(run.reportedMs(LossCause.DEVICE_OVERRUN)).isCloseTo(missing, within(30.0));
    assertThat(run.reportedMs(LossCause.SERVER_OVERLOAD)).isZero();
    double byIndex = (run.nextIndex - indexBefore) / 48.0;
    double byTime = (run.lastUnixNanos - unixBefore) / 1e6;
    assertThat(byIndex).isCloseTo(byTime, within(250.0));
    assertThat(run.maxBackwardsMs).isZero();
    run.measure();
    run.run(ms(60_000));
    assertThat(run.maxBackwardsMs).isZero();
    assertThat(run.reportedMs()).isCloseTo(missing, within(30.0));
  }

  @Test
  void suspendBeforeTheFirstSampleIsNoLoss() {
    simulation.line.startsAfter(ms(500));
    simulation.start().run(ms(200));
    simulation.time.suspend(ms(300)); // too short to be noticed at once
    simulation.run(ms(5_000));

    assertThat(simulation.reportedMs()).isZero();
    assertThat(simulation.maxIndexErrorMs).isZero();
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void suspendedLineIsResumedByARead(boolean exact) {
    SimulatedTime time = exact ? simulation.time : new SimulatedTime().hidesSuspends();
    LineSimulation run = exact ? simulation : new LineSimulation(time, 9_600);
    run.start().run(ms(5_000));
    time.suspend(HOUR);
    run.line.suspend();
    long before = run.delivered;
    run.run(ms(2_500));

    assertThat(run.lostReason).isNull();
    assertThat(run.delivered - before).isGreaterThan(1_000 * 48);
    assertThat(run.reportedMs(LossCause.DEVICE_OVERRUN))
        .isBetween(HOUR.toMillis() + 900.0, HOUR.toMillis() + 1_200.0);
  }

  @Test
  void suspendedLineThatDoesNotResumeIsLost() {
    simulation.line.resumable(false);
    simulation.start().run(ms(5_000));
    simulation.time.suspend(HOUR);
    simulation.line.suspend();
    simulation.run(ms(2_000));

    assertThat(simulation.lostReason).isEqualTo("a read returned 0 of 480 samples");
  }
}
