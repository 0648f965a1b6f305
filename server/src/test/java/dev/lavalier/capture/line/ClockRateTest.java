package dev.lavalier.capture.line;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lavalier.audio.PcmFormat;
import dev.lavalier.testing.SlowTest;
import java.time.Duration;
import java.util.OptionalDouble;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The measured rate of a device's clock: within 5 ppm of the truth, or not reported. */
final class ClockRateTest {

  private static final long SECOND = 1_000_000_000L;

  private final LineSimulation simulation = new LineSimulation();
  private int reported;

  private static Duration ms(long millis) {
    return Duration.ofMillis(millis);
  }

  private void runAndCompare(int seconds, double truthPpm) {
    reported = 0;
    for (int i = 0; i < seconds; i++) {
      simulation.run(ms(1_000));
      OptionalDouble ppm = simulation.reading.clockPpm();
      if (ppm.isPresent()) {
        reported++;
        assertThat(ppm.getAsDouble()).isBetween(truthPpm - 5, truthPpm + 5);
      }
    }
  }

  @ParameterizedTest
  @CsvSource({
    "0, 10, 0",
    "0, 30, 50",
    "20, 10, 0",
    "20, 60, -40",
    "40, 30, 0",
    "80, 20, 20",
    "20, 150, 0"
  })
  void slipDoesNotBendTheRate(int burstMs, int slipMs, double ppm) {
    simulation.line.bursts(ms(burstMs)).drifts(ppm);
    simulation.start();
    runAndCompare(240, ppm);
    assertThat(reported).isGreaterThan(100);
    simulation.line.lose(ms(slipMs));
    runAndCompare(15, ppm);
    simulation.measure();
    runAndCompare(400, ppm);
    assertThat(reported).isGreaterThan(250);
    assertThat(simulation.maxCaptureErrorMs).isLessThan(2);
    assertThat(simulation.lossReports).isZero(); // less than the buffer
  }

  @ParameterizedTest
  @CsvSource({"1, 50", "1, -50", "30, 50", "30, -50"})
  void rateAndTimesArePreciseAfterDays(int days, double ppm) {
    assertPreciseAfter(days, ppm);
  }

  @ParameterizedTest
  @SlowTest
  @ValueSource(doubles = {50, -50})
  void rateAndTimesArePreciseAfterAYear(double ppm) {
    assertPreciseAfter(365, ppm);
  }

  private static void assertPreciseAfter(int days, double ppm) {
    PcmFormat format = PcmFormat.parse("48000/2/s16le");
    DeviceClock clock = new DeviceClock(format, SECOND / 5);
    Random random = new Random(2);
    clock.observe(SECOND, 0, false);
    long end = days * 86_400L;
    long lost = 0;
    // One arrival in four seconds, as if the other three were later.
    for (long second = 1; second <= end; second += second < end - 2_000 ? 4 : 1) {
      long now = SECOND + second * SECOND + random.nextLong(500_000);
      long samples = Math.round(second * 48_000.0 * (1 + ppm / 1e6));
      lost += clock.observe(now, samples, false);
      clock.recordArrival(now, samples);
      if (second > end - 1_000) {
        assertThat(Math.abs(clock.nanosOf(samples) - (second + 1) * SECOND)).isLessThan(500_000);
        assertThat(clock.isConverged()).isTrue();
        assertThat(clock.driftPpm()).isBetween(ppm - 2, ppm + 2);
      }
    }
    assertThat(lost).isZero();
  }

  @Test
  void lateArrivalsDoNotBendTheRate() {
    simulation.line.bursts(ms(20));
    simulation.start();
    runAndCompare(120, 0);
    for (int i = 0; i < 10; i++) {
      simulation.line.stall(ms(30));
      runAndCompare(7, 0);
      simulation.worksOnce(ms(60));
      runAndCompare(13, 0);
    }
    assertThat(reported).isPositive();
    assertThat(simulation.lossReports).isZero();
  }
}
