package dev.lavalier.hub;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lavalier.capture.LossCause;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Tests how many subscriptions one task of a delivery loop serves. */
final class DeliveryLoopTest {

  private final TestDelivery delivery = new TestDelivery(480);
  private final List<TestDelivery.Sink> sinks = new ArrayList<>();

  private void subscribe(int count, boolean flushed) throws Exception {
    for (int i = 0; i < count; i++) {
      TestDelivery.Sink sink = delivery.subscribe(480, 200, OverflowPolicy.DROP_OLDEST);
      sink.flushed = flushed;
      sinks.add(sink);
    }
    delivery.runAll();
  }

  private int served() {
    return (int) sinks.stream().filter(sink -> !sink.indexes.isEmpty()).count();
  }

  /** The transport sends what one subscription has left, before the next one follows. */
  @Test
  void subscriptionThatLeavesMessagesToTheTransportEndsTheTask() throws Exception {
    subscribe(10, false);
    delivery.read();
    for (int tasks = 1; tasks <= 10; tasks++) {
      delivery.runTasks(1);
      assertThat(served()).isEqualTo(tasks);
    }
  }

  /** The number in a task is limited, so that sockets and other tasks do not wait for the round. */
  @Test
  void flushedSubscriptionsShareTasks() throws Exception {
    subscribe(20, true);
    delivery.read();
    delivery.runTasks(1);
    assertThat(served()).isEqualTo(8);
    delivery.runTasks(1);
    assertThat(served()).isEqualTo(16);
    delivery.runTasks(1);
    assertThat(served()).isEqualTo(20);
  }

  @Test
  void roundContinuesAfterSubscriptionThatIsNotFlushed() throws Exception {
    subscribe(20, true);
    sinks.get(17).flushed = false; // the third: a round starts at the end
    delivery.read();
    delivery.runTasks(1);
    assertThat(served()).isEqualTo(3);
    delivery.runTasks(1);
    assertThat(served()).isEqualTo(11);
    delivery.runAll();
    assertThat(sinks).allSatisfy(sink -> assertThat(sink.indexes).containsExactly(0L));
  }

  @Test
  void subscriptionsThatEndDuringTheTaskAreNotMissedOrServedTwice() throws Exception {
    subscribe(20, true);
    for (int i : new int[] {19, 15, 3}) {
      TestDelivery.Sink sink = sinks.get(i);
      sink.onFrame =
          () -> {
            throw new IllegalStateException("ends subscription " + i);
          };
    }
    delivery.read();
    delivery.read();
    delivery.runAll();
    for (int i = 0; i < sinks.size(); i++) {
      boolean failed = !sinks.get(i).ends.isEmpty();
      assertThat(failed).isEqualTo(i == 19 || i == 15 || i == 3);
      assertThat(sinks.get(i).indexes).hasSize(failed ? 1 : 2);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3})
  void overloadedLoopServesFlushedSubscriptionsAlike(int tasksPerPeriod) throws Exception {
    subscribe(40, true);
    for (int k = 0; k < 1_000; k++) {
      delivery.read();
      delivery.runTasks(tasksPerPeriod);
    }
    delivery.runAll();
    for (TestDelivery.Sink sink : sinks) {
      assertThat(sink.indexes).hasSizeGreaterThan(980);
      assertThat(sink.gaps).allMatch(gap -> gap.cause() == LossCause.SERVER_OVERLOAD);
    }
  }
}
