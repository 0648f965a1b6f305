package dev.lavalier.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lavalier.audio.StreamException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

/** Each limit by itself, and that a place is taken everywhere or nowhere. */
final class SubscriberCountsTest {

  private static final int NONE = Integer.MAX_VALUE;

  private static Subscriber who(String identity, String address) {
    return new Subscriber(identity, address);
  }

  private static Subscriber anybody(String address) {
    return who(Subscriber.ANONYMOUS, address);
  }

  private static void assertRefused(
      SubscriberCounts counts, Subscriber subscriber, String device, String message) {
    assertThatThrownBy(() -> counts.enter(subscriber, device))
        .isInstanceOfSatisfying(
            StreamException.class,
            e -> assertThat(e.reason()).isEqualTo(StreamException.Reason.LIMIT_REACHED))
        .hasMessage(message);
  }

  @Test
  void inAll() throws Exception {
    SubscriberCounts counts = new SubscriberCounts(SubscriberLimits.inAll(2));
    counts.enter(anybody("a:1"), "tone");
    counts.enter(anybody("b:1"), "mic");
    String refusal = "subscribers: 2 (expected: no more at a time; max-subscribers is reached)";
    assertRefused(counts, anybody("c:1"), "other", refusal);
    counts.leave(anybody("a:1"), "tone");
    counts.enter(anybody("c:1"), "other");
    assertRefused(counts, anybody("a:1"), "tone", refusal);
  }

  @Test
  void perDevice() throws Exception {
    SubscriberCounts counts = new SubscriberCounts(new SubscriberLimits(NONE, 1, NONE, NONE));
    counts.enter(anybody("a:1"), "tone");
    assertRefused(
        counts,
        anybody("b:1"),
        "tone",
        "subscribers: 1 (expected: no more of tone at a time; max-subscribers-per-device is"
            + " reached)");
    counts.enter(anybody("b:1"), "mic");
  }

  @Test
  void perConnection() throws Exception {
    SubscriberCounts counts = new SubscriberCounts(new SubscriberLimits(NONE, NONE, 1, NONE));
    counts.enter(anybody("a:1"), "tone");
    assertRefused(
        counts,
        anybody("a:1"),
        "mic",
        "subscribers: 1 (expected: no more over one connection (a:1) at a time;"
            + " max-subscribers-per-connection is reached)");
    counts.enter(anybody("a:2"), "tone");
  }

  @Test
  void perIdentityButForNobodyInParticular() throws Exception {
    SubscriberCounts counts = new SubscriberCounts(new SubscriberLimits(NONE, NONE, NONE, 1));
    counts.enter(who("alice", "a:1"), "tone");
    assertRefused(
        counts,
        who("alice", "a:2"),
        "mic",
        "subscribers: 1 (expected: no more by alice at a time; max-subscribers-per-identity is"
            + " reached)");
    counts.enter(who("bob", "a:1"), "tone");
    counts.enter(anybody("a:1"), "tone");
    counts.enter(anybody("a:1"), "tone");
  }

  @Test
  void whoIsRefusedByOneLimitTakesNoPlaceOfAnother() throws Exception {
    SubscriberCounts counts = new SubscriberCounts(new SubscriberLimits(2, 1, NONE, NONE));
    counts.enter(anybody("a:1"), "tone");
    for (int i = 0; i < 10; i++) {
      assertThatThrownBy(() -> counts.enter(anybody("b:1"), "tone"))
          .isInstanceOf(StreamException.class);
    }
    counts.enter(anybody("b:1"), "mic"); // the second of all
  }

  @Test
  void manyAtATimeNeverPassALimitAndGiveAllBack() throws Exception {
    SubscriberCounts counts = new SubscriberCounts(new SubscriberLimits(3, 2, NONE, NONE));
    ExecutorService threads = Executors.newFixedThreadPool(4);
    try {
      List<Future<Integer>> rounds = new ArrayList<>();
      for (int t = 0; t < 4; t++) {
        Subscriber me = anybody("t:" + t);
        String device = t % 2 == 0 ? "tone" : "mic";
        rounds.add(
            threads.submit(
                () -> {
                  int entered = 0;
                  for (int i = 0; i < 20_000; i++) {
                    try {
                      counts.enter(me, device);
                      entered++;
                      counts.leave(me, device);
                    } catch (StreamException e) {
                      // Full for the moment, as four want three places.
                    }
                  }
                  return entered;
                }));
      }
      for (Future<Integer> each : rounds) {
        assertThat(each.get()).isPositive();
      }
    } finally {
      threads.shutdownNow();
    }
    counts.enter(anybody("a:1"), "tone");
    counts.enter(anybody("a:1"), "tone");
    counts.enter(anybody("a:1"), "mic");
    assertRefused(
        counts,
        anybody("a:1"),
        "mic",
        "subscribers: 3 (expected: no more at a time; max-subscribers is reached)");
  }
}
