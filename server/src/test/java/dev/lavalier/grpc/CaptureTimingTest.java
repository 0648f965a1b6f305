package dev.lavalier.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lavalier.testing.TestSubscriber;
import dev.lavalier.v1.AudioFrame;
import dev.lavalier.v1.Gap;
import dev.lavalier.v1.GapCause;
import dev.lavalier.v1.StreamStarted;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Sample indexes and capture times of a device that loses, delays or clocks its audio wrongly. */
final class CaptureTimingTest extends DeviceFaultsFixture {

  @Test
  void lostSamplesAreEstimatedAndIndexFollowsTime() throws Exception {
    TestSubscriber subscriber = lavalier.subscribe(FAIL).requestAll();
    subscriber.nextStarted();
    lavalier.advance(Duration.ofSeconds(2), 2);
    mic().dropsUntil = lavalier.timeSource().nanoTime() + 700_000_000L;
    lavalier.advance(Duration.ofSeconds(4), 2);

    long missing = 0;
    long next = 0;
    int gaps = 0;
    AudioFrame frame;
    do {
      frame = subscriber.nextFrame();
      if (frame.hasGap()) {
        gaps++;
        missing += frame.getGap().getSampleCount();
        assertThat(frame.getGap().getCause()).isEqualTo(GapCause.GAP_CAUSE_DEVICE_OVERRUN);
        assertThat(frame.getGap().getEstimated()).isTrue();
      }
      assertThat(frame.getSampleIndex()).isEqualTo(next + frame.getGap().getSampleCount());
      next = frame.getSampleIndex() + 480;
    } while (next + 960 < 6 * 48_000);
    assertThat(gaps).isEqualTo(1);
    assertThat(missing).isBetween(700L * 48 - 480, 700L * 48 + 960);
    assertThat(next).isBetween(6 * 48_000 - 960L, 6 * 48_000L);
    assertThat(lavalier.timeSource().nanoTime() - startedNanos).isEqualTo(6_000_000_000L);
    subscriber.cancel();
    assertClosed();
  }

  @Test
  void suspendIsGapOfItsLength() throws Exception {
    TestSubscriber subscriber = listening(FAIL);
    long before = lavalier.timeSource().unixNanos();
    lavalier.timeSource().suspend(Duration.ofHours(1));
    lavalier.advance(Duration.ofMillis(100), 2);

    AudioFrame frame = subscriber.nextFrame();
    Gap gap = frame.getGap();
    assertThat(gap.getCause()).isEqualTo(GapCause.GAP_CAUSE_DEVICE_OVERRUN);
    assertThat(gap.getEstimated()).isTrue();
    assertThat(gap.getSampleCount()).isEqualTo(3_600L * 48_000);
    assertThat(frame.getSampleIndex()).isEqualTo(4_800 + 3_600L * 48_000);
    assertThat(frame.getCaptureTimeUnixNanos() - before)
        .isBetween(3_599_990_000_000L, 3_600_010_000_000L);
    assertThat(subscriber.nextFrame().hasGap()).isFalse();
    subscriber.cancel();
  }

  @Test
  void backlogInFirstPeriodHasCaptureTime() throws Exception {
    mic().stalls = true;
    TestSubscriber subscriber = lavalier.subscribe(FAIL).requestAll();
    StreamStarted started = subscriber.nextStarted();
    lavalier.advance(Duration.ofMillis(100), 2);
    mic().stalls = false;
    lavalier.advance(Duration.ofMillis(100), 2);
    for (int k = 0; k < 10; k++) {
      assertThat(subscriber.nextFrame().getCaptureTimeUnixNanos())
          .isEqualTo(started.getEpoch() * 1_000 + k * 10_000_000L);
    }
    subscriber.cancel();
    assertClosed();
  }

  @Test
  void backlogIsNoLoss() throws Exception {
    TestSubscriber subscriber = listening(FAIL);
    mic().stalls = true;
    lavalier.advance(Duration.ofMillis(1_500), 2);
    mic().stalls = false;
    lavalier.advance(Duration.ofSeconds(1), 2);
    for (int k = 10; k < 255; k++) {
      AudioFrame frame = subscriber.nextFrame();
      assertThat(frame.getSampleIndex()).isEqualTo(480L * k);
      assertThat(frame.hasGap()).isFalse();
    }
    subscriber.cancel();
    assertClosed();
  }

  @Test
  void earlyBacklogHasCaptureTime() throws Exception {
    mic().stalls = true;
    TestSubscriber subscriber = lavalier.subscribe(FAIL).requestAll();
    subscriber.nextStarted();
    long start = lavalier.timeSource().unixNanos();
    lavalier.advance(Duration.ofMillis(150), 2); // less than the buffer of the line
    mic().stalls = false;
    lavalier.advance(Duration.ofMillis(500), 2);
    for (int k = 0; k < 60; k++) {
      AudioFrame frame = subscriber.nextFrame();
      assertThat(frame.getSampleIndex()).isEqualTo(480L * k);
      assertThat(frame.hasGap()).isFalse();
      assertThat(frame.getCaptureTimeUnixNanos() - start - k * 10_000_000L)
          .isBetween(-1_000_000L, 15_000_000L);
    }
    subscriber.cancel();
    assertClosed();
  }

  @ParameterizedTest
  @ValueSource(doubles = {-1_000, 1_000})
  void clockDriftIsFollowedWithoutLoss(double ppm) throws Exception {
    mic().setClockDrift(ppm);
    TestSubscriber subscriber = lavalier.subscribe(FAIL).requestAll();
    long begun = lavalier.timeSource().unixNanos();
    subscriber.nextStarted();
    lavalier.advanceSeconds(60, 2);

    AudioFrame frame = subscriber.nextFrame();
    for (int k = 0; k < 5_990; k++) {
      assertThat(frame.hasGap()).isFalse();
      assertThat(frame.getSampleIndex()).isEqualTo(480L * k);
      double truth = 480.0 * k / 48_000 / (1 + ppm / 1e6);
      double reported = (frame.getCaptureTimeUnixNanos() - begun) / 1e9;
      // The rate is known after three groups of arrivals. Until then such a clock gains or loses
      // 1 ms per second.
      assertThat(reported - truth).isBetween(-0.02, 0.03);
      frame = subscriber.nextFrame();
    }
    subscriber.cancel();
    assertClosed();
  }
}
