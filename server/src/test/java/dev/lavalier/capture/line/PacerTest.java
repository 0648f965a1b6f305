package dev.lavalier.capture.line;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import org.junit.jupiter.api.Test;

/** Tests the pacer against a simulated line. All times are in nanoseconds. */
final class PacerTest {

  private static final long MS = 1_000_000;
  private static final long PERIOD = 10 * MS;

  private final Random random = new Random(3);
  private final Pacer pacer = new Pacer(PERIOD);
  private long now;
  private long shortest = Long.MAX_VALUE;
  private long longest;

  /** About that of PulseAudio. */
  private long burst = 20 * MS + 130_000;

  /** Returns the samples that arrived by {@code time}: in bursts, from a drifting device. */
  private long arrived(long time, double ppm) {
    long captured = (long) (time * (1 + ppm / 1e6));
    return captured / burst * burst;
  }

  private void run(long taken, int periods, double ppm, boolean measured) {
    long position = taken;
    long last = now;
    for (int i = 0; i < periods; i++) {
      now = Math.max(now, pacer.due()) + random.nextInt(60_000);
      boolean waited = false;
      while (arrived(now, ppm) < position + PERIOD) {
        waited = true;
        now += 500_000;
      }
      position += PERIOD;
      pacer.onPeriodReleased(now, waited, arrived(now, ppm) - position);
      if (measured) {
        shortest = Math.min(shortest, now - last);
        longest = Math.max(longest, now - last);
      }
      last = now;
    }
  }

  @Test
  void burstsAreSmoothed() {
    now = 21 * MS;
    pacer.start(now);
    pacer.onPeriodReleased(now, true, 0);
    run(PERIOD, 6_000, 50, false);
    run(6_001 * PERIOD, 60_000, 50, true);
    assertThat(shortest).isGreaterThan(9 * MS);
    assertThat(longest).isLessThan(11 * MS);
  }

  @Test
  void burstsAreSmoothedAfterInitialPause() {
    burst = 1_024 * 1_000 * MS / 48_000; // that of PipeWire; some bursts contain two periods
    pacer.start(0);
    pacer.onPeriodReleased(0, true, 0);
    now = 100 * MS;
    long missed = arrived(now, 0); // these samples never arrive
    run(missed, 1_000, 0, false);
    run(missed + 1_000 * PERIOD, 60_000, 0, true);
    assertThat(shortest).isGreaterThan(9 * MS);
    assertThat(longest).isLessThan(11 * MS);
  }

  @Test
  void pauseIsCaughtUpAtOnce() {
    now = PERIOD;
    pacer.start(now);
    pacer.onPeriodReleased(now, true, 0);
    now += 300 * MS;
    long due = pacer.due();
    for (int i = 0; i < 29; i++) {
      assertThat(pacer.due()).isLessThanOrEqualTo(now);
      pacer.onPeriodReleased(now, i == 0, 290 * MS - i * PERIOD);
    }
    assertThat(pacer.due()).isEqualTo(due + 29 * PERIOD);
  }

  @Test
  void permanentDelayIsFollowed() {
    pacer.start(PERIOD);
    pacer.onPeriodReleased(PERIOD, true, 0);
    boolean waited = true;
    for (int i = 2; i < 3_000; i++) {
      long there = i * PERIOD + 100 * MS;
      now = Math.max(now, pacer.due());
      waited = now < there;
      now = Math.max(now, there);
      pacer.onPeriodReleased(now, waited, 0);
    }
    assertThat(waited).isFalse();
    assertThat(now).isLessThan(2_999 * PERIOD + 101 * MS);
  }
}
