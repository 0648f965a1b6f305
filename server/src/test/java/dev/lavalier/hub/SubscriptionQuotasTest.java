package dev.lavalier.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lavalier.common.StreamException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

/** Each limit by itself, and that a place is taken everywhere or nowhere. */
final class SubscriptionQuotasTest {

  private static final int NONE = Integer.MAX_VALUE;

  private static Subscriber who(String identity, String address) {
    return new Subscriber(identity, address);
  }

  private static Subscriber anybody(String address) {
    return who(Subscriber.ANONYMOUS, address);
  }

  private static void assertRefused(
      SubscriptionQuotas quotas, Subscriber subscriber, String device, String message) {
    assertThatThrownBy(() -> quotas.acquire(subscriber, device))
        .isInstanceOfSatisfying(
            StreamException.class,
            e -> assertThat(e.reason()).isEqualTo(StreamException.Reason.LIMIT_REACHED))
        .hasMessage(message);
  }

  @Test
  void totalLimitRefusesFurtherSubscriptions() throws Exception {
    SubscriptionQuotas quotas = new SubscriptionQuotas(SubscriberLimits.total(2));
    quotas.acquire(anybody("a:1"), "tone");
    quotas.acquire(anybody("b:1"), "mic");
    String refusal =
        "subscribers: the limit of 2 is reached (max-subscribers); close a stream or try again"
            + " later";
    assertRefused(quotas, anybody("c:1"), "other", refusal);
    quotas.release(anybody("a:1"), "tone");
    quotas.acquire(anybody("c:1"), "other");
    assertRefused(quotas, anybody("a:1"), "tone", refusal);
  }

  @Test
  void deviceLimitAppliesToOneDevice() throws Exception {
    SubscriptionQuotas quotas = new SubscriptionQuotas(new SubscriberLimits(NONE, 1, NONE, NONE));
    quotas.acquire(anybody("a:1"), "tone");
    assertRefused(
        quotas,
        anybody("b:1"),
        "tone",
        "subscribers of tone: the limit of 1 is reached (max-subscribers-per-device); close a"
            + " stream or try again later");
    quotas.acquire(anybody("b:1"), "mic");
  }

  @Test
  void connectionLimitAppliesToOneConnection() throws Exception {
    SubscriptionQuotas quotas = new SubscriptionQuotas(new SubscriberLimits(NONE, NONE, 1, NONE));
    quotas.acquire(anybody("a:1"), "tone");
    assertRefused(
        quotas,
        anybody("a:1"),
        "mic",
        "subscribers over one connection (a:1): the limit of 1 is reached"
            + " (max-subscribers-per-connection); close a stream or try again later");
    quotas.acquire(anybody("a:2"), "tone");
  }

  @Test
  void identityLimitDoesNotApplyToAnonymousCallers() throws Exception {
    SubscriptionQuotas quotas = new SubscriptionQuotas(new SubscriberLimits(NONE, NONE, NONE, 1));
    quotas.acquire(who("alice", "a:1"), "tone");
    assertRefused(
        quotas,
        who("alice", "a:2"),
        "mic",
        "subscribers by alice: the limit of 1 is reached (max-subscribers-per-identity); close a"
            + " stream or try again later");
    quotas.acquire(who("bob", "a:1"), "tone");
    quotas.acquire(anybody("a:1"), "tone");
    quotas.acquire(anybody("a:1"), "tone");
  }

  @Test
  void refusedSubscriptionIsNotCountedForOtherLimits() throws Exception {
    SubscriptionQuotas quotas = new SubscriptionQuotas(new SubscriberLimits(2, 1, NONE, NONE));
    quotas.acquire(anybody("a:1"), "tone");
    for (int i = 0; i < 10; i++) {
      assertThatThrownBy(() -> quotas.acquire(anybody("b:1"), "tone"))
          .isInstanceOf(StreamException.class);
    }
    quotas.acquire(anybody("b:1"), "mic"); // the second in total
  }

  @Test
  void concurrentSubscriptionsStayWithinLimitsAndAreReleased() throws Exception {
    SubscriptionQuotas quotas = new SubscriptionQuotas(new SubscriberLimits(3, 2, NONE, NONE));
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
                      quotas.acquire(me, device);
                      entered++;
                      quotas.release(me, device);
                    } catch (StreamException e) {
                      // The limit is reached at the moment: four threads share three subscriptions.
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
    quotas.acquire(anybody("a:1"), "tone");
    quotas.acquire(anybody("a:1"), "tone");
    quotas.acquire(anybody("a:1"), "mic");
    assertRefused(
        quotas,
        anybody("a:1"),
        "mic",
        "subscribers: the limit of 3 is reached (max-subscribers); close a stream or try again"
            + " later");
  }
}
