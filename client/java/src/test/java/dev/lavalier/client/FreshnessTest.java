package dev.lavalier.client;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Which frames are too old, where the two clocks have nothing in common. */
final class FreshnessTest {

  private static final long MS = 1_000_000;
  private static final long FRAME = 20 * MS;
  private static final long BOUND = 200 * MS;
  private static final long WAY = 3 * MS;

  private final Freshness freshness = new Freshness(BOUND);
  private long serverTime = 1_700_000_000_000L * MS;
  private long ourTime = -77_000 * MS;

  private void pass(long nanos) {
    serverTime += nanos;
    ourTime += nanos;
  }

  /** A frame that the server has just read arrives after the shortest way, and waits here. */
  private boolean isFreshAfter(long waited) {
    return freshness.isFresh(serverTime, ourTime + WAY, ourTime + WAY + waited);
  }

  private void listen(Duration time) {
    for (long at = 0; at < time.toNanos(); at += FRAME) {
      pass(FRAME);
      assertThat(isFreshAfter(0)).isTrue();
    }
  }

  @Test
  void whatHasWaitedHereIsStaleBeyondTheBound() {
    assertThat(isFreshAfter(BOUND)).isTrue();
    assertThat(isFreshAfter(BOUND + 1)).isFalse();
  }

  @Test
  void whatHasWaitedOnTheWayIsStaleToo() {
    listen(Duration.ofSeconds(1));
    long sent = serverTime;
    pass(5_000 * MS);
    // The way takes 3 ms, and the clocks may have drifted by a thousandth of those 5 s.
    assertThat(freshness.isFresh(sent, ourTime, ourTime)).isFalse();
    assertThat(freshness.isFresh(serverTime - BOUND - 7 * MS, ourTime, ourTime)).isTrue();
    assertThat(freshness.isFresh(serverTime - BOUND - 9 * MS, ourTime, ourTime)).isFalse();
  }

  @Test
  void aStallIsAStallHoweverLong() {
    listen(Duration.ofSeconds(10));
    for (int minutes = 1; minutes <= 100; minutes *= 10) {
      long sent = serverTime;
      pass(minutes * 60_000L * MS);
      for (int i = 0; i < 20; i++) { // what had lain between the two
        assertThat(freshness.isFresh(sent + i * FRAME, ourTime, ourTime)).isFalse();
      }
      listen(Duration.ofSeconds(10));
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {-500, -100, 100, 500})
  void clocksThatDriftMakeNothingStaleAndLetNothingStaleBy(long ppm) {
    for (int i = 0; i < 3 * 180_000; i++) { // three hours
      serverTime += FRAME;
      ourTime += FRAME + FRAME * ppm / 1_000_000;
      assertThat(isFreshAfter(0)).isTrue();
      if (i % 3_000 == 2_999) { // a stall in each minute
        long sent = serverTime;
        pass(1_000 * MS);
        assertThat(freshness.isFresh(sent, ourTime, ourTime)).isFalse();
        assertThat(freshness.isFresh(sent + 700 * MS, ourTime, ourTime)).isFalse();
      }
    }
  }

  @Test
  void aClockThatIsSetForwardChangesNothing() {
    listen(Duration.ofSeconds(10));
    serverTime += 3_600_000 * MS;
    listen(Duration.ofSeconds(10));
    assertThat(isFreshAfter(BOUND + MS)).isFalse();
  }

  @Test
  void aClockThatIsSetBackIsBelievedAfterFiveSeconds() {
    listen(Duration.ofSeconds(10));
    serverTime -= 3_600_000 * MS;
    int stale = 0;
    do {
      pass(FRAME);
      stale++;
    } while (!isFreshAfter(0) && stale < 1_000);
    assertThat(stale * FRAME).isBetween(5_000 * MS, 5_100 * MS);
    listen(Duration.ofSeconds(10));
    assertThat(isFreshAfter(BOUND + MS)).isFalse();
  }
}
