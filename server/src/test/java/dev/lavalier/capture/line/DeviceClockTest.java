package dev.lavalier.capture.line;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lavalier.audio.PcmFormat;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Tests the clock against a simulated device: bursts of 20 ms, jitter, drift. */
final class DeviceClockTest {

  private static final PcmFormat FORMAT = PcmFormat.parse("48000/2/s16le");
  private static final long SECOND = 1_000_000_000L;
  private static final long START = 5 * SECOND;
  private static final long LATE = SECOND / 5;

  private final Random random = new Random(7);
  private final DeviceClock clock = new DeviceClock(FORMAT, LATE);
  private long lost;

  /**
   * Polls a device every 10 ms. Its clock runs fast by {@code ppm}, and it delivers in bursts. Once
   * a second, measures the arrival of a burst to half a millisecond.
   */
  private void run(double ppm, long fromNanos, long toNanos, long missing) {
    for (long t = fromNanos; t < toNanos; t += SECOND / 100) {
      long now = t + (long) (random.nextDouble() * 300_000);
      lost += clock.observe(now, arrived(now, ppm) + lost - missing, false);
      if (t % SECOND == 0) {
        long before = arrived(now, ppm);
        while (arrived(now, ppm) == before) {
          now += SECOND / 2_000;
        }
        clock.recordArrival(now, arrived(now, ppm) + lost - missing);
      }
    }
  }

  private static long arrived(long now, double ppm) {
    double captured = (now - START) * 48e-6 * (1 + ppm / 1e6);
    return ((long) captured) / 960 * 960;
  }

  @ParameterizedTest
  @ValueSource(doubles = {100, -100, 0, 20})
  void rateOfDeviceIsMeasured(double ppm) {
    run(ppm, START + SECOND, START + 301 * SECOND, 0);
    assertThat(clock.driftPpm()).isBetween(ppm - 5, ppm + 5);
    assertThat(lost).isZero();
    for (long sample = 0; sample < 300 * 48_000; sample += 48_000) {
      double truth = START + sample / 48e-6 / (1 + ppm / 1e6);
      assertThat(clock.nanosOf(sample) - truth).isBetween(-1e6, 1e6);
    }
  }

  @Test
  void rateConvergesWithinTwoMinutes() {
    run(100, START + SECOND, START + 55 * SECOND, 0);
    assertThat(clock.isConverged()).isFalse();
    run(100, START + 55 * SECOND, START + 120 * SECOND, 0);
    assertThat(clock.isConverged()).isTrue();
    assertThat(clock.driftPpm()).isBetween(90.0, 110.0);
  }

  @Test
  void rateWithLargeScatterDoesNotConverge() {
    clock.observe(START, 0, false);
    for (int second = 1; second < 120; second++) {
      long late = (long) (random.nextDouble() * SECOND / 20); // up to 50 ms
      clock.recordArrival(START + second * SECOND + late, second * 48_000L);
    }
    assertThat(clock.isConverged()).isFalse();
  }

  @Test
  void lossOfDeviceIsEstimated() {
    run(0, START + SECOND, START + 20 * SECOND, 0);
    long missingSamples = 24_000; // half a second
    run(0, START + 20 * SECOND + SECOND / 2, START + 40 * SECOND, missingSamples);
    assertThat(lost).isBetween(missingSamples - 960, missingSamples + 960);
  }

  @Test
  void delayWithinBufferIsNoLoss() {
    run(0, START + SECOND, START + 20 * SECOND, 0);
    run(0, START + 20 * SECOND, START + 40 * SECOND, 48 * 150);
    assertThat(lost).isZero();
  }

  /** The reader is too busy to see when samples arrive, and finds the line full each 0.3 s. */
  @Test
  void suspicionsThatFollowEachOtherDoNotDelayTheDecision() {
    run(0, START + SECOND, START + 10 * SECOND, 0);
    long from = START + 10 * SECOND;
    long decidedAt = 0;
    for (int k = 0; k < 300 && decidedAt == 0; k++) {
      long now = from + k * SECOND / 100;
      if (k % 30 == 0) {
        clock.suspectLoss(now);
      }
      lost += clock.observe(now, arrived(now, 0) + lost - 4_800, false);
      decidedAt = lost == 0 ? 0 : now;
    }
    assertThat(lost).isBetween(4_800 - 200L, 4_800 + 200L);
    assertThat(decidedAt - from).isBetween(SECOND * 9 / 10, SECOND * 6 / 5);
  }
}
