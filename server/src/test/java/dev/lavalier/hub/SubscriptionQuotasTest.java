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

/** Tests each limit, and that a rejected subscription does not count toward any limit. */
final class SubscriptionQuotasTest {

  private static final int NONE = Integer.MAX_VALUE;

  private static Subscriber caller(String identity, String address) {
    return new Subscriber(identity, address);
  }

  private static Subscriber anonymous(String address) {
    return caller(Subscriber.ANONYMOUS, address);
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
    quotas.acquire(anonymous("a:1"), "tone");
    quotas.acquire(anonymous("b:1"), "mic");
    String refusal =
        "subscribers: the limit of 2 is reached (max-subscribers); close a stream or try again"
            + " later";
    assertRefused(quotas, anonymous("c:1"), "other", refusal);
    quotas.release(anonymous("a:1"), "tone");
    quotas.acquire(anonymous("c:1"), "other");
    assertRefused(quotas, anonymous("a:1"), "tone", refusal);
  }

  @Test
  void deviceLimitAppliesToOneDevice() throws Exception {
    SubscriptionQuotas quotas = new SubscriptionQuotas(new SubscriberLimits(NONE, 1, NONE, NONE));
    quotas.acquire(anonymous("a:1"), "tone");
    assertRefused(
        quotas,
        anonymous("b:1"),
        "tone",
        "subscribers of tone: the limit of 1 is reached (max-subscribers-per-device); close a"
            + " stream or try again later");
    quotas.acquire(anonymous("b:1"), "mic");
  }

  @Test
  void connectionLimitAppliesToOneConnection() throws Exception {
    SubscriptionQuotas quotas = new SubscriptionQuotas(new SubscriberLimits(NONE, NONE, 1, NONE));
    quotas.acquire(anonymous("a:1"), "tone");
    assertRefused(
        quotas,
        anonymous("a:1"),
        "mic",
        "subscribers over one connection (a:1): the limit of 1 is reached"
            + " (max-subscribers-per-connection); close a stream or try again later");
    quotas.acquire(anonymous("a:2"), "tone");
  }

  @Test
  void identityLimitDoesNotApplyToAnonymousCallers() throws Exception {
    SubscriptionQuotas quotas = new SubscriptionQuotas(new SubscriberLimits(NONE, NONE, NONE, 1));
    quotas.acquire(caller("alice", "a:1"), "tone");
    assertRefused(
        quotas,
        caller("alice", "a:2"),
        "mic",
        "subscribers by alice: the limit of 1 is reached (max-subscribers-per-identity); close a"
            + " stream or try again later");
    quotas.acquire(caller("bob", "a:1"), "tone");
    quotas.acquire(anonymous("a:1"), "tone");
    quotas.acquire(anonymous("a:1"), "tone");
  }

  @Test
  void refusedSubscriptionIsNotCountedForOtherLimits() throws Exception {
    SubscriptionQuotas quotas = new SubscriptionQuotas(new SubscriberLimits(2, 1, NONE, NONE));
    quotas.acquire(anonymous("a:1"), "tone");
    for (int i = 0; i < 10; i++) {
      assertThatThrownBy(() -> quotas.acquire(anonymous("b:1"), "tone"))
          .isInstanceOf(StreamException.class);
    }
    quotas.acquire(anonymous("b:1"), "mic"); // the second in total
  }

  @Test
  void concurrentSubscriptionsStayWithinLimitsAndAreReleased() throws Exception {
    SubscriptionQuotas quotas = new SubscriptionQuotas(new SubscriberLimits(3, 2, NONE, NONE));
    ExecutorService threads = Executors.newFixedThreadPool(4);
    try {
      List<Future<Integer>> rounds = new ArrayList<>();
      for (int t = 0; t < 4; t++) {
        Subscriber subscriber = anonymous("t:" + t);
        String device = t % 2 == 0 ? "tone" : "mic";
        rounds.add(
            threads.submit(
                () -> {
                  int entered = 0;
                  for (int i = 0; i < 20_000; i++) {
                    try {
                      quotas.acquire(subscriber, device);
                      entered++;
                      quotas.release(subscriber, device);
                    } catch (StreamException e) {
                      // The limit is reached at this moment: four threads share three
                      // subscriptions.
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
    quotas.acquire(anonymous("a:1"), "tone");
    quotas.acquire(anonymous("a:1"), "tone");
    quotas.acquire(anonymous("a:1"), "mic");
    assertRefused(
        quotas,
        anonymous("a:1"),
        "mic",
        "subscribers: the limit of 3 is reached (max-subscribers); close a stream or try again"
            + " later");
  }
}
