package dev.lavalier.client;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Tests which frames expire if the two clocks are unrelated. */
final class QueuingDelayFilterTest {

  private static final long MS = 1_000_000;
  private static final long FRAME = 20 * MS;
  private static final long MAX_DELAY = 200 * MS;
  private static final long TRANSIT_TIME = 3 * MS;

  private final QueuingDelayFilter filter = new QueuingDelayFilter(MAX_DELAY);
  private long serverTime = 1_700_000_000_000L * MS;
  private long clientTime = -77_000 * MS;

  private void advance(long nanos) {
    serverTime += nanos;
    clientTime += nanos;
  }

  /**
   * A frame that the server has just read arrives after the shortest transfer time and waits in
   * this client.
   */
  private boolean acceptsAfter(long delay) {
    return filter.accept(serverTime, clientTime + TRANSIT_TIME, clientTime + TRANSIT_TIME + delay);
  }

  private void receiveFrames(Duration time) {
    for (long at = 0; at < time.toNanos(); at += FRAME) {
      advance(FRAME);
      assertThat(acceptsAfter(0)).isTrue();
    }
  }

  @Test
  void frameExpiresAfterWaitInClient() {
    assertThat(acceptsAfter(MAX_DELAY)).isTrue();
    assertThat(acceptsAfter(MAX_DELAY + 1)).isFalse();
  }

  @Test
  void frameExpiresAfterWaitInTransit() {
    receiveFrames(Duration.ofSeconds(1));
    long sent = serverTime;
    advance(5_000 * MS);
    // The transfer takes 3 ms, and the clocks may have drifted by a thousandth of those 5 s.
    assertThat(filter.accept(sent, clientTime, clientTime)).isFalse();
    assertThat(filter.accept(serverTime - MAX_DELAY - 7 * MS, clientTime, clientTime)).isTrue();
    assertThat(filter.accept(serverTime - MAX_DELAY - 9 * MS, clientTime, clientTime)).isFalse();
  }

  @Test
  void longStallIsNotClockPause() {
    receiveFrames(Duration.ofSeconds(10));
    for (int minutes = 1; minutes <= 100; minutes *= 10) {
      long sent = serverTime;
      advance(minutes * 60_000L * MS);
      for (int i = 0; i < 20; i++) { // the frames queued between the two
        assertThat(filter.accept(sent + i * FRAME, clientTime, clientTime)).isFalse();
      }
      receiveFrames(Duration.ofSeconds(10));
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {-500, -100, 100, 500})
  void clockDriftNeitherExpiresNorHidesFrames(long ppm) {
    for (int i = 0; i < 3 * 180_000; i++) { // three hours
      serverTime += FRAME;
      clientTime += FRAME + FRAME * ppm / 1_000_000;
      assertThat(acceptsAfter(0)).isTrue();
      if (i % 3_000 == 2_999) { // a stall in each minute
        long sent = serverTime;
        advance(1_000 * MS);
        assertThat(filter.accept(sent, clientTime, clientTime)).isFalse();
        assertThat(filter.accept(sent + 700 * MS, clientTime, clientTime)).isFalse();
      }
    }
  }

  @Test
  void forwardJumpOfClockChangesNothing() {
    receiveFrames(Duration.ofSeconds(10));
    serverTime += 3_600_000 * MS;
    receiveFrames(Duration.ofSeconds(10));
    assertThat(acceptsAfter(MAX_DELAY + MS)).isFalse();
  }

  @Test
  void pausedClockIsAcceptedAfterFiveSeconds() {
    receiveFrames(Duration.ofSeconds(10));
    serverTime -= 3_600_000 * MS;
    int stale = 0;
    do {
      advance(FRAME);
      stale++;
    } while (!acceptsAfter(0) && stale < 1_000);
    assertThat(stale * FRAME).isBetween(5_000 * MS, 5_100 * MS);
    receiveFrames(Duration.ofSeconds(10));
    assertThat(acceptsAfter(MAX_DELAY + MS)).isFalse();
  }
}
