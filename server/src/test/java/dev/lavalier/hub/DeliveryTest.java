package dev.lavalier.hub;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lavalier.capture.Loss;
import dev.lavalier.capture.LossCause;
import dev.lavalier.common.StreamException.Reason;
import dev.lavalier.pipeline.Gap;
import dev.lavalier.pipeline.StartFrom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Tests which frames a subscription gets, and what its gaps say. */
final class DeliveryTest {

  private static final OverflowPolicy DROP = OverflowPolicy.DROP_OLDEST;

  private static List<Long> grid(int frameSize, int count) {
    List<Long> indexes = new ArrayList<>();
    for (int k = 0; k < count; k++) {
      indexes.add((long) k * frameSize);
    }
    return indexes;
  }

  private static long lost(TestDelivery.Sink sink) {
    return sink.gaps.stream().mapToLong(Gap::sampleCount).sum();
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 3, 6, 9, 11})
  void overloadedLoop_servesAllSubscriptionsAlike(int tasksPerPeriod) throws Exception {
    TestDelivery delivery = new TestDelivery(480);
    List<TestDelivery.Sink> sinks = new ArrayList<>();
    for (int i = 0; i < 10; i++) {
      sinks.add(delivery.subscribe(480, 200, DROP));
    }
    delivery.runAll();
    for (int k = 0; k < 1_000; k++) {
      delivery.read();
      delivery.runTasks(tasksPerPeriod);
    }
    delivery.runAll();
    for (TestDelivery.Sink sink : sinks) {
      assertThat(sink.indexes).hasSizeGreaterThan(980);
      assertThat(sink.gaps).allMatch(gap -> gap.cause() == LossCause.SERVER_OVERLOAD);
      assertThat(sink.indexes.size() * 480L + lost(sink)).isEqualTo(1_000 * 480L);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "480, 48, 5, 10",
    "480, 120, 5, 10",
    "480, 240, 5, 10",
    "480, 441, 10, 10",
    "480, 1, 1, 10",
    "4800, 960, 60, 100",
    "4800, 960, 20, 100",
    "480, 48, 30, 30"
  })
  void readySubscriber_missesNothing(int period, int frameSize, int latency, int granted)
      throws Exception {
    for (OverflowPolicy policy : OverflowPolicy.values()) {
      TestDelivery delivery = new TestDelivery(period);
      TestDelivery.Sink sink = delivery.subscribe(frameSize, latency, policy);
      for (int k = 0; k < 50; k++) {
        delivery.read();
        delivery.runAll();
      }
      assertThat(sink.maxLatencyMs).isEqualTo(granted);
      assertThat(sink.indexes).isEqualTo(grid(frameSize, 50 * period / frameSize));
      assertThat(sink.gaps).isEmpty();
      assertThat(sink.ends).isEmpty();
    }
  }

  @Test
  void readySubscriber_missesNothingOfBurst() throws Exception {
    TestDelivery delivery = new TestDelivery(480);
    TestDelivery.Sink sink = delivery.subscribe(48, 10, DROP);
    delivery.read();
    delivery.runAll();
    for (int k = 0; k < 20; k++) { // the content of a line's buffer, after a delay
      delivery.publish();
    }
    delivery.runAll();
    assertThat(sink.indexes).isEqualTo(grid(48, 210));
    assertThat(sink.gaps).isEmpty();
  }

  @Test
  void framesThatTheLoopSendsTooLate_areLostByTheServer() throws Exception {
    TestDelivery delivery = new TestDelivery(480);
    TestDelivery.Sink sink = delivery.subscribe(480, 20, DROP);
    delivery.read();
    delivery.runAll();
    delivery.read();
    delivery.timeSource.advance(Duration.ofMillis(30));
    delivery.read();
    delivery.runAll();
    assertThat(sink.indexes).containsExactly(0L, 960L);
    assertThat(sink.gaps).containsExactly(Gap.of(480, LossCause.SERVER_OVERLOAD, false));
  }

  @Test
  void sinkThatWaitsOnlyForTheLoop_isNotSlow() throws Exception {
    TestDelivery delivery = new TestDelivery(480);
    TestDelivery.Sink sink = delivery.subscribe(480, 20, DROP);
    sink.readyFor = 1; // then its bytes wait until the loop flushes them
    delivery.read();
    delivery.runAll();
    delivery.read();
    delivery.timeSource.advance(Duration.ofMillis(400)); // the loop does not run
    sink.readyFor = 100;
    delivery.read();
    delivery.runAll();
    assertThat(sink.gaps).containsExactly(Gap.of(480, LossCause.SERVER_OVERLOAD, false));
  }

  @Test
  void sinkThatIsNotReadyAfterTheLoopWroteItsBytes_isSlow() throws Exception {
    for (OverflowPolicy policy : OverflowPolicy.values()) {
      TestDelivery delivery = new TestDelivery(480);
      TestDelivery.Sink sink = delivery.subscribe(240, 10, policy);
      delivery.runAll();
      sink.readyFor = 1; // of the two frames of a period: its credit is used up
      delivery.read();
      delivery.runAll();
      delivery.timeSource.advance(Duration.ofMillis(11)); // the next period is late
      sink.readyFor = 100;
      delivery.wake();
      delivery.runAll();
      delivery.publish();
      delivery.runAll();
      if (policy == DROP) {
        assertThat(sink.indexes).containsExactly(0L, 480L, 720L);
        assertThat(sink.gaps).containsExactly(Gap.of(240, LossCause.SLOW_SUBSCRIBER, false));
      } else {
        assertThat(sink.ends)
            .extracting(end -> end.reason())
            .containsExactly(Reason.QUEUE_OVERFLOW);
        assertThat(sink.ends.get(0)).hasMessageContaining("frames were not read within");
      }
    }
  }

  @Test
  void sinkThatBecomesReadyWhenTheLoopHasWrittenItsBytes_isNotSlow() throws Exception {
    TestDelivery delivery = new TestDelivery(480);
    TestDelivery.Sink sink = delivery.subscribe(240, 10, DROP);
    delivery.runAll();
    sink.readyFor = 1;
    delivery.read();
    delivery.runTasks(1); // a turn that sends one frame
    sink.readyFor = 100; // the loop has written its bytes
    delivery.runAll();
    delivery.timeSource.advance(Duration.ofMillis(11)); // the loop does not run
    delivery.publish();
    delivery.runAll();
    assertThat(sink.indexes).containsExactly(0L, 480L, 720L);
    assertThat(sink.gaps).containsExactly(Gap.of(240, LossCause.SERVER_OVERLOAD, false));
  }

  @Test
  void framesThatTheLoopSendsTooLate_endStreamUnderClosePolicy() throws Exception {
    TestDelivery delivery = new TestDelivery(480);
    TestDelivery.Sink sink = delivery.subscribe(480, 20, OverflowPolicy.CLOSE);
    delivery.read();
    delivery.runAll();
    delivery.read();
    delivery.timeSource.advance(Duration.ofMillis(30));
    delivery.runAll();
    assertThat(sink.ends).extracting(end -> end.reason()).containsExactly(Reason.QUEUE_OVERFLOW);
    assertThat(sink.ends.get(0))
        .hasMessage(
            "queue overflow: the overloaded server did not send frames within max_latency_ms (20);"
                + " retry later or raise it");
  }

  @Test
  void gapOfSlowSubscriberAndDevice_hasBothParts() throws Exception {
    TestDelivery delivery = new TestDelivery(480);
    TestDelivery.Sink sink = delivery.subscribe(480, 20, DROP);
    delivery.read();
    delivery.runAll();
    sink.ready = false;
    delivery.runAll();
    delivery.read();
    delivery.runAll();
    delivery.lose(480);
    for (int k = 0; k < 10; k++) {
      delivery.read();
    }
    delivery.runAll();
    sink.ready = true;
    delivery.read();
    delivery.runAll();
    Gap gap = sink.gaps.get(0);
    assertThat(gap.parts())
        .containsExactly(
            new Gap.Part(480, Loss.OVERRUN),
            new Gap.Part(480 * 9, new Loss(LossCause.SLOW_SUBSCRIBER, false)));
    assertThat(gap.cause()).isEqualTo(LossCause.SLOW_SUBSCRIBER);
    assertThat(gap.estimated()).isTrue();
    assertThat(sink.indexes.size() * 480L + lost(sink)).isEqualTo(480 * 14);
  }

  @Test
  void deviceLostDuringReplay_doesNotEvictTheSubscriberThatWaits() throws Exception {
    TestDelivery delivery = new TestDelivery(480, Duration.ofSeconds(2));
    delivery.subscribe(480, 200, DROP);
    for (int k = 0; k < 100; k++) {
      delivery.read();
      delivery.runAll();
    }
    TestDelivery.Sink sink = delivery.subscribe(480, 200, DROP, new StartFrom.Preroll(1_000));
    delivery.runAll();
    int replayed = sink.indexes.size();
    assertThat(replayed).isBetween(1, 99);

    delivery.loseDevice();
    delivery.runAll();
    replayed = sink.indexes.size();
    for (int k = 0; k < 40; k++) {
      delivery.timeSource.advance(Duration.ofSeconds(1));
      delivery.wake();
      delivery.runAll();
    }
    assertThat(sink.ends).isEmpty();
    assertThat(sink.indexes).hasSize(replayed);

    delivery.reopenDevice();
    delivery.read();
    delivery.runAll();
    assertThat(sink.indexes).hasSize(replayed + 1);
    assertThat(sink.gaps)
        .containsExactly(
            new Gap(
                List.of(
                    new Gap.Part(480L * (100 - replayed), new Loss(LossCause.NOT_KEPT, false)),
                    new Gap.Part(40 * 48_000, new Loss(LossCause.DEVICE_LOST, true)))));
  }

  @Test
  void framesThatWaitWhenTheDeviceIsLost_areSentUntilTheyExpire() throws Exception {
    TestDelivery delivery = new TestDelivery(480);
    TestDelivery.Sink sink = delivery.subscribe(480, 200, DROP);
    delivery.read();
    delivery.runAll();
    sink.ready = false;
    delivery.runAll();
    delivery.read();
    delivery.read();
    delivery.loseDevice();
    delivery.runAll();
    sink.ready = true;
    delivery.wake();
    delivery.runAll();
    assertThat(sink.indexes).containsExactly(0L, 480L, 960L);
  }

  /** Each call of a replay's sink uses 2 ms of the processor. */
  @Test
  void replaysTakeAQuarterOfTheTimeOfTheirLoop() throws Exception {
    TestDelivery delivery = new TestDelivery(480, Duration.ofSeconds(20));
    TestDelivery.Sink live = delivery.subscribe(480, 200, DROP);
    for (int k = 0; k < 1_000; k++) {
      delivery.read();
      delivery.runAll();
    }
    List<TestDelivery.Sink> replays = new ArrayList<>();
    for (int k = 0; k < 20; k++) {
      TestDelivery.Sink sink = delivery.subscribe(480, 200, DROP, new StartFrom.Preroll(10_000));
      sink.onFrame = () -> delivery.timeSource.useProcessor(Duration.ofMillis(2));
      replays.add(sink);
    }
    delivery.runAll();
    long before = delivery.timeSource.threadCpuNanos();
    for (int k = 0; k < 500; k++) {
      delivery.read();
      delivery.runAll();
    }
    long used = delivery.timeSource.threadCpuNanos() - before;
    assertThat(used / 5e9).isBetween(0.2, 0.3);
    assertThat(live.indexes).hasSize(1_500);
    assertThat(live.gaps).isEmpty();
    assertThat(replays).allSatisfy(sink -> assertThat(sink.indexes).isNotEmpty());
  }
}
