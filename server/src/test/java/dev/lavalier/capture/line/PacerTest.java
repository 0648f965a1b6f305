package dev.lavalier.capture.line;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

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
  private int uneven; // intervals that are not within 1 ms
  private long longestDelay; // of a period after its samples had arrived
  private long stallInterval = Long.MAX_VALUE; // the line stalls once in each
  private long stall;

  /** About that of PulseAudio. */
  private long burst = 20 * MS + 130_000;

  /** Returns the samples that arrived by {@code time}: in bursts, from a drifting device. */
  private long arrived(long time, double ppm) {
    long stalledFor = time % stallInterval;
    long until = stalledFor < stall ? time - stalledFor - 1 : time;
    long captured = (long) (until * (1 + ppm / 1e6));
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
        uneven += Math.abs(now - last - PERIOD) > MS ? 1 : 0;
        longestDelay = Math.max(longestDelay, now - (position + burst - 1) / burst * burst);
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
  void rareStallsDoNotDelayOtherPeriods() {
    burst = MS;
    start();
    stallInterval = 1_100 * MS;
    stall = 8 * MS;
    run(PERIOD, 6_000, 0, false);
    stall = 0;
    run(6_001 * PERIOD, 6_000, 0, true);
    assertThat(longestDelay).isLessThan(2 * MS);
    assertThat(shortest).isGreaterThan(9 * MS);
    assertThat(longest).isLessThan(11 * MS);
  }

  @Test
  void frequentStallsMakeFewIntervalsUneven() {
    burst = MS;
    start();
    stallInterval = 110 * MS;
    stall = 8 * MS;
    run(PERIOD, 6_000, 0, false);
    run(6_001 * PERIOD, 60_000, 0, true);
    assertThat(uneven).isLessThan(60_000 / 50);
  }

  @Test
  void delayFollowsShorterBursts() {
    start();
    run(PERIOD, 6_000, 0, false);
    burst = MS;
    run(6_001 * PERIOD, 4_000, 0, false);
    run(10_001 * PERIOD, 6_000, 0, true);
    assertThat(longestDelay).isLessThan(2 * MS);
    assertThat(shortest).isGreaterThan(9 * MS);
    assertThat(longest).isLessThan(11 * MS);
  }

  @Test
  void longerBurstsAreSmoothedAfterTenSeconds() {
    burst = MS;
    start();
    run(PERIOD, 6_000, 0, false);
    burst = 20 * MS + 130_000;
    run(6_001 * PERIOD, 1_000, 0, false);
    run(7_001 * PERIOD, 6_000, 0, true);
    assertThat(shortest).isGreaterThan(9 * MS);
    assertThat(longest).isLessThan(11 * MS);
  }

  private void start() {
    now = (PERIOD + burst - 1) / burst * burst;
    pacer.start(now);
    pacer.onPeriodReleased(now, true, arrived(now, 0) - PERIOD);
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
    assertThat(pacer.due()).isCloseTo(due + 29 * PERIOD, within(MS));
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
