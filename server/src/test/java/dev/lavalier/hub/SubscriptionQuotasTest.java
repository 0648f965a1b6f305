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
  private static final SubscriptionCost SMALL = cost(1 << 10, 50);

  private static SubscriptionCost cost(long bytes, int framesPerSecond) {
    return new SubscriptionCost(bytes, framesPerSecond, List.of());
  }

  /** Returns the cost of a subscription that shares a ring or a conversion with others. */
  private static SubscriptionCost sharing(Object key, long bytes, long conversionNanos) {
    return new SubscriptionCost(
        0, 50, List.of(new SubscriptionCost.Shared(key, bytes, conversionNanos)));
  }

  private static SubscriptionQuotas quotas(SubscriberLimits limits) {
    return new SubscriptionQuotas(limits, ResourceLimits.NONE);
  }

  /**
   * Returns quotas of 8 MiB, 4 MiB per caller, 16 MiB of history, 1,000 frames per second, 500 per
   * caller, and 50 % of a processor per device, 25 % per caller.
   */
  private static SubscriptionQuotas limitedQuotas() {
    return new SubscriptionQuotas(
        SubscriberLimits.DEFAULTS,
        new ResourceLimits(8 << 20, 4 << 20, 16 << 20, 1_000, 500, 0.5, 0.25, 2));
  }

  private static Subscriber caller(String identity, String address) {
    return new Subscriber(identity, address);
  }

  private static Subscriber anonymous(String address) {
    return caller(Subscriber.ANONYMOUS, address);
  }

  private static void assertRefused(
      SubscriptionQuotas quotas, Subscriber subscriber, String device, String message) {
    assertRefused(quotas, subscriber, device, SMALL, message);
  }

  private static void assertRefused(
      SubscriptionQuotas quotas,
      Subscriber subscriber,
      String device,
      SubscriptionCost cost,
      String message) {
    assertThatThrownBy(() -> quotas.acquire(subscriber, device, cost))
        .isInstanceOfSatisfying(
            StreamException.class,
            e -> assertThat(e.reason()).isEqualTo(StreamException.Reason.LIMIT_REACHED))
        .hasMessage(message);
  }

  @Test
  void totalLimitRefusesFurtherSubscriptions() throws Exception {
    SubscriptionQuotas quotas = quotas(SubscriberLimits.total(2));
    SubscriptionQuotas.Reservation reservation = quotas.acquire(anonymous("a:1"), "tone", SMALL);
    quotas.acquire(anonymous("b:1"), "mic", SMALL);
    String refusal =
        "subscribers: the limit of 2 is reached (max-subscribers); close a stream or try again"
            + " later";
    assertRefused(quotas, anonymous("c:1"), "other", refusal);
    reservation.release();
    reservation.release(); // has no effect
    quotas.acquire(anonymous("c:1"), "other", SMALL);
    assertRefused(quotas, anonymous("a:1"), "tone", refusal);
  }

  @Test
  void deviceLimitAppliesToOneDevice() throws Exception {
    SubscriptionQuotas quotas = quotas(new SubscriberLimits(NONE, 1, NONE, NONE));
    quotas.acquire(anonymous("a:1"), "tone", SMALL);
    assertRefused(
        quotas,
        anonymous("b:1"),
        "tone",
        "subscribers of tone: the limit of 1 is reached (max-subscribers-per-device); close a"
            + " stream or try again later");
    quotas.acquire(anonymous("b:1"), "mic", SMALL);
  }

  @Test
  void connectionLimitAppliesToOneConnection() throws Exception {
    SubscriptionQuotas quotas = quotas(new SubscriberLimits(NONE, NONE, 1, NONE));
    quotas.acquire(anonymous("a:1"), "tone", SMALL);
    assertRefused(
        quotas,
        anonymous("a:1"),
        "mic",
        "subscribers over one connection (a:1): the limit of 1 is reached"
            + " (max-subscribers-per-connection); close a stream or try again later");
    quotas.acquire(anonymous("a:2"), "tone", SMALL);
  }

  @Test
  void identityLimitDoesNotApplyToAnonymousCallers() throws Exception {
    SubscriptionQuotas quotas = quotas(new SubscriberLimits(NONE, NONE, NONE, 1));
    quotas.acquire(caller("alice", "a:1"), "tone", SMALL);
    assertRefused(
        quotas,
        caller("alice", "a:2"),
        "mic",
        "subscribers by alice: the limit of 1 is reached (max-subscribers-per-identity); close a"
            + " stream or try again later");
    quotas.acquire(caller("bob", "a:1"), "tone", SMALL);
    quotas.acquire(anonymous("a:1"), "tone", SMALL);
    quotas.acquire(anonymous("a:1"), "tone", SMALL);
  }

  @Test
  void refusedSubscriptionIsNotCountedForOtherLimits() throws Exception {
    SubscriptionQuotas quotas = quotas(new SubscriberLimits(2, 1, NONE, NONE));
    quotas.acquire(anonymous("a:1"), "tone", SMALL);
    for (int i = 0; i < 10; i++) {
      assertThatThrownBy(() -> quotas.acquire(anonymous("b:1"), "tone", SMALL))
          .isInstanceOf(StreamException.class);
    }
    quotas.acquire(anonymous("b:1"), "mic", SMALL); // the second in total
  }

  @Test
  void concurrentSubscriptionsStayWithinLimitsAndAreReleased() throws Exception {
    SubscriptionQuotas quotas = quotas(new SubscriberLimits(3, 2, NONE, NONE));
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
                      SubscriptionQuotas.Reservation reservation =
                          quotas.acquire(subscriber, device, SMALL);
                      entered++;
                      reservation.release();
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
    quotas.acquire(anonymous("a:1"), "tone", SMALL);
    quotas.acquire(anonymous("a:1"), "tone", SMALL);
    quotas.acquire(anonymous("a:1"), "mic", SMALL);
    assertRefused(
        quotas,
        anonymous("a:1"),
        "mic",
        "subscribers: the limit of 3 is reached (max-subscribers); close a stream or try again"
            + " later");
  }

  @Test
  void memoryOfOneCallerIsLimited() throws Exception {
    SubscriptionQuotas quotas = limitedQuotas();
    quotas.acquire(caller("alice", "a:1"), "tone", cost(4 << 20, 1));
    String advice = "; request a shorter max_latency_ms or smaller frames, or close a stream";
    assertRefused(
        quotas,
        caller("alice", "a:2"),
        "tone",
        "memory of streams by alice: the limit of 4 MiB is reached"
            + " (max-stream-memory-mb-per-caller)"
            + advice);
    assertRefused(
        quotas,
        anonymous("a:1"),
        "tone",
        "memory of streams over one connection (a:1): the limit of 4 MiB is reached"
            + " (max-stream-memory-mb-per-caller)"
            + advice);
    quotas.acquire(anonymous("b:1"), "tone", cost(4 << 20, 1));
    assertRefused(
        quotas,
        anonymous("c:1"),
        "tone",
        "memory of streams: the limit of 8 MiB is reached (max-stream-memory-mb)" + advice);
  }

  @Test
  void sharedMemoryCountsOnceUntilTheLastSubscriptionEnds() throws Exception {
    SubscriptionQuotas quotas = limitedQuotas();
    List<SubscriptionQuotas.Reservation> reservations = new ArrayList<>();
    for (int i = 0; i < 10; i++) {
      reservations.add(quotas.acquire(anonymous("a:1"), "tone", sharing("ring", 3 << 20, 0)));
    }
    assertThat(quotas.use().memoryBytes()).isEqualTo(3 << 20);
    assertThat(quotas.use().framesPerSecond()).isEqualTo(500);
    for (SubscriptionQuotas.Reservation each : reservations) {
      assertThat(quotas.use().memoryBytes()).isEqualTo(3 << 20);
      each.release();
    }
    assertThat(quotas.use()).isEqualTo(new ResourceUse(0, 0, 0, 0));
  }

  @Test
  void framesPerSecondAreLimited() throws Exception {
    SubscriptionQuotas quotas = limitedQuotas();
    assertRefused(
        quotas,
        anonymous("a:1"),
        "tone",
        cost(1, 501),
        "frames per second over one connection (a:1): the limit of 500 is reached"
            + " (max-frames-per-s-per-caller); request larger frames or close a stream");
    quotas.acquire(anonymous("a:1"), "tone", cost(1, 500));
    quotas.acquire(anonymous("b:1"), "tone", cost(1, 500));
    assertRefused(
        quotas,
        anonymous("c:1"),
        "tone",
        cost(1, 1),
        "frames per second: the limit of 1000 is reached (max-frames-per-s); request larger frames"
            + " or close a stream");
  }

  @Test
  void conversionsAreLimitedPerCallerAndPerDevice() throws Exception {
    SubscriptionQuotas quotas = limitedQuotas();
    String advice = "; request the capture format or fewer channels, or close a stream";
    quotas.acquire(anonymous("a:1"), "tone", sharing("mono", 0, 200_000_000));
    quotas.acquire(anonymous("a:1"), "tone", sharing("mono", 0, 200_000_000));
    assertRefused(
        quotas,
        anonymous("a:1"),
        "mic",
        sharing("wide", 0, 60_000_000),
        "conversions over one connection (a:1): the limit of 25 % of a processor is reached"
            + " (max-conversion-percent-per-caller)"
            + advice);
    quotas.acquire(anonymous("b:1"), "tone", sharing("wide", 0, 250_000_000));
    assertRefused(
        quotas,
        anonymous("c:1"),
        "tone",
        sharing("other", 0, 60_000_000),
        "conversions of tone: the limit of 50 % of a processor is reached (max-conversion-percent)"
            + advice);
    quotas.acquire(anonymous("c:1"), "mic", sharing("other", 0, 60_000_000));
  }

  @Test
  void changedCostIsCheckedAgain() throws Exception {
    SubscriptionQuotas quotas = limitedQuotas();
    SubscriptionQuotas.Reservation reservation =
        quotas.acquire(anonymous("a:1"), "tone", cost(1 << 20, 50));
    reservation.change(cost(4 << 20, 50));
    assertThatThrownBy(() -> reservation.change(cost(5 << 20, 50)))
        .isInstanceOf(StreamException.class);
    assertThat(quotas.use().memoryBytes()).isEqualTo(4 << 20);
    reservation.release();
    reservation.change(cost(1 << 20, 50)); // has no effect
    assertThat(quotas.use().memoryBytes()).isZero();
  }

  @Test
  void historyOfAllDevicesIsLimited() throws Exception {
    SubscriptionQuotas quotas = limitedQuotas();
    quotas.acquireHistory("tone", 12 << 20);
    assertThatThrownBy(() -> quotas.acquireHistory("mic", 6 << 20))
        .isInstanceOf(StreamException.class)
        .hasMessage(
            "history of mic: 2 MiB more than the limit of 16 MiB for all open devices"
                + " (max-history-mb)");
    quotas.releaseHistory(12 << 20);
    quotas.acquireHistory("mic", 16 << 20);
    assertThat(quotas.use().historyBytes()).isEqualTo(16 << 20);
  }
}
