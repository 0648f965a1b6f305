package dev.lavalier.fleet;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

final class HopClockTest {

  private static final long MS = 1_000_000L;
  private static final long OFFSET = -77_000 * MS; // of the node's steady clock

  private final HopClock clock = new HopClock();

  /** Returns how long a message waited that took {@code way} ms, at a time in ms. */
  private long waited(long sentMs, long way) {
    return clock.waited(sentMs * MS + OFFSET, (sentMs + way) * MS) / MS;
  }

  @Test
  void whatAMessageTakesAtBest_doesNotCount() {
    assertThat(waited(0, 80)).isZero();
    assertThat(waited(10, 80)).isZero();
    assertThat(waited(20, 380)).isEqualTo(300);
    assertThat(waited(30, 70)).isZero();
    assertThat(waited(40, 80)).isEqualTo(10);
  }

  @Test
  void backlogAfterALongSilence_isNotTakenForFresh() {
    assertThat(waited(0, 10)).isZero();
    for (int sent = 20_000; sent < 24_000; sent += 10) {
      assertThat(waited(sent, 2_010)).isEqualTo(2_000);
    }
    assertThat(waited(26_010, 10)).isZero();
  }

  @Test
  void longerWay_isBelievedWithin10Seconds() {
    for (int sent = 0; sent < 5_000; sent += 10) {
      assertThat(waited(sent, 10)).isZero();
    }
    long last = 0;
    for (int sent = 5_000; sent < 15_100; sent += 10) {
      last = waited(sent, 60);
      assertThat(last).isLessThanOrEqualTo(50);
    }
    assertThat(last).isZero();
  }

  @Test
  void messageLaterThanTheHeartbeatsPermit_isAhead() {
    long second = 1_000 * MS;
    assertThat(clock.isAhead(100 * second, 0)).isFalse(); // no heartbeat yet
    assertThat(clock.heartbeatWaited(OFFSET, 10 * MS)).isZero();
    assertThat(clock.isAhead(5 * second + OFFSET, 10 * MS)).isFalse();
    assertThat(clock.isAhead(6 * second + OFFSET, 10 * MS)).isTrue();
    clock.heartbeatWaited(60 * second + OFFSET, second); // this machine was suspended
    assertThat(clock.isAhead(60 * second + OFFSET, second)).isFalse();
    waited(5_500, 10);
    assertThat(clock.isAhead(70 * second + OFFSET, second)).isTrue();
    waited(10_600, 10);
    assertThat(clock.isAhead(700 * second + OFFSET, second)).isFalse(); // without heartbeats
  }

  @Test
  void timesThatAreFarApart_doNotOverflow() {
    for (int bits = 0; bits < 63; bits++) {
      long time = 1L << bits;
      if (Blocks.isSteady(time)) {
        clock.waited(time, 0);
        assertThat(clock.waited(-time, 0)).isNotNegative();
      }
    }
  }
}
