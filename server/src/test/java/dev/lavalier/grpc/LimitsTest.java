package dev.lavalier.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lavalier.hub.SubscriberLimits;
import dev.lavalier.testing.LavalierExtension;
import dev.lavalier.testing.TestLevels;
import dev.lavalier.testing.TestPuller;
import dev.lavalier.testing.TestSubscriber;
import dev.lavalier.v1.AudioFrame;
import dev.lavalier.v1.DeviceState;
import dev.lavalier.v1.StreamFramesRequest;
import dev.lavalier.v1.StreamLevelsRequest;
import io.grpc.Status;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Tests the limit of subscriptions and the stall timeout. */
final class LimitsTest {

  private static final int LIMIT = 3;
  private static final Duration STALL_TIMEOUT = Duration.ofSeconds(2);
  private static final StreamFramesRequest TONE =
      StreamFramesRequest.newBuilder().setDeviceId("tone").setFrameSize(480).build();
  private static final StreamFramesRequest MIC = TONE.toBuilder().setDeviceId("mic").build();

  @RegisterExtension
  final LavalierExtension lavalier =
      LavalierExtension.withManualTime()
          .withScripted("mic")
          .withLimits(SubscriberLimits.total(LIMIT), STALL_TIMEOUT);

  private static void assertEvicted(TestSubscriber subscriber) throws Exception {
    Status status = subscriber.awaitStatus();
    assertThat(status.getCode()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
    assertThat(status.getDescription()).isEqualTo("no frame was read for 2 s; subscribe again");
  }

  @Test
  void levelsCountAsSubscriptions() throws Exception {
    for (int i = 0; i < LIMIT; i++) {
      new TestLevels(
              lavalier.channel(), StreamLevelsRequest.newBuilder().setDeviceId("tone").build())
          .requestAll()
          .nextStarted();
    }
    assertThat(lavalier.subscribe(TONE).awaitStatus().getDescription())
        .startsWith("subscribers: the limit of 3 is reached (max-subscribers);");
  }

  @Test
  void subscriberThatReadsNothingIsEvicted() throws Exception {
    TestSubscriber stalled = lavalier.subscribe(TONE).request(1);
    stalled.nextStarted();
    lavalier.advance(STALL_TIMEOUT, 1);
    assertThat(lavalier.device("tone").getSubscriberCount()).isEqualTo(1);
    lavalier.timeSource().advance(Duration.ofMillis(10));
    lavalier.awaitState("tone", DeviceState.DEVICE_STATE_CLOSED);
    assertEvicted(stalled.requestAll());
  }

  @Test
  void pullerWithoutCreditIsEvicted() throws Exception {
    TestPuller puller = lavalier.pull(TONE, 1);
    puller.received().nextStarted();
    lavalier.advance(Duration.ofMillis(10), 1);
    puller.received().nextFrame();
    lavalier.advance(STALL_TIMEOUT, 1);
    assertThat(lavalier.device("tone").getSubscriberCount()).isEqualTo(1);
    lavalier.timeSource().advance(Duration.ofMillis(10));
    assertEvicted(puller.received());
  }

  @Test
  void slowButSteadySubscriberIsNotEvicted() throws Exception {
    TestSubscriber slow = lavalier.subscribe(TONE).request(1);
    slow.nextStarted();
    long next = 0;
    for (int i = 0; i < 6; i++) {
      lavalier.advance(Duration.ofMillis(1_500), 1);
      AudioFrame frame = slow.request(1).nextFrame();
      assertThat(frame.getSampleIndex()).isEqualTo(next + frame.getGap().getSampleCount());
      next = frame.getSampleIndex() + 480;
    }
    assertThat(lavalier.device("tone").getSubscriberCount()).isEqualTo(1);
  }

  @Test
  void subscriberThatWaitsForSilentDeviceIsNotEvicted() throws Exception {
    TestSubscriber patient =
        lavalier.subscribe(MIC.toBuilder().setMaxLatencyMs(60_000).build()).requestAll();
    patient.nextStarted();
    lavalier.advance(Duration.ofMillis(100), 1);
    patient.nextFrames(10);
    lavalier.script("mic").dropsUntil = lavalier.timeSource().nanoTime() + 2_500_000_000L;
    lavalier.advance(Duration.ofSeconds(3), 1);
    AudioFrame frame = patient.nextFrame();
    while (!frame.hasGap()) {
      frame = patient.nextFrame();
    }
    assertThat(frame.getGap().getSampleCount()).isGreaterThan(2 * 48_000);
  }

  /** Subscribes up to the limit, and expects that one more subscription is rejected. */
  private List<TestSubscriber> assertNoQuotaInUse() throws Exception {
    List<TestSubscriber> subscribers = new ArrayList<>();
    for (int i = 0; i < LIMIT; i++) {
      TestSubscriber subscriber = lavalier.subscribe(TONE).requestAll();
      subscriber.nextStarted();
      subscribers.add(subscriber);
    }
    assertFull();
    return subscribers;
  }

  private void assertFull() throws Exception {
    for (Status status :
        List.of(
            lavalier.subscribe(TONE).awaitStatus(),
            lavalier.pull(MIC, 1).received().awaitStatus())) {
      assertThat(status.getCode()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
      assertThat(status.getDescription())
          .isEqualTo(
              "subscribers: the limit of 3 is reached (max-subscribers); close a stream or try"
                  + " again later");
    }
  }

  @Test
  void cancelledSubscriptionFreesQuota() throws Exception {
    List<TestSubscriber> subscribers = assertNoQuotaInUse();
    subscribers.get(1).cancel();
    lavalier.awaitSubscribers("tone", LIMIT - 1);
    TestSubscriber next = lavalier.subscribe(TONE).requestAll();
    next.nextStarted();
    assertFull();
  }

  @Test
  void rejectedRequestsUseNoQuota() throws Exception {
    lavalier.script("mic").busy = true;
    for (int i = 0; i < 2 * LIMIT; i++) {
      assertThat(lavalier.subscribe(MIC).awaitStatus().getCode())
          .isEqualTo(Status.Code.UNAVAILABLE);
      assertThat(
              lavalier
                  .subscribe(TONE.toBuilder().setDeviceId("moon").build())
                  .awaitStatus()
                  .getCode())
          .isEqualTo(Status.Code.NOT_FOUND);
      assertThat(lavalier.pull(TONE, -1).received().awaitStatus().getCode())
          .isEqualTo(Status.Code.INVALID_ARGUMENT);
    }
    assertNoQuotaInUse();
  }

  @Test
  void everyEndOfSubscriptionFreesQuota() throws Exception {
    for (int i = 0; i < LIMIT; i++) {
      TestPuller finished = lavalier.pull(TONE, 1).halfClose();
      TestPuller mistaken = lavalier.pull(TONE, 0);
      TestSubscriber ended = lavalier.subscribe(MIC).requestAll();
      finished.received().nextStarted();
      ended.nextStarted();
      lavalier.advance(Duration.ofMillis(10), 2);
      assertThat(finished.received().awaitStatus()).isEqualTo(Status.OK);
      mistaken.received().nextStarted();
      mistaken.grant(-1);
      assertThat(mistaken.received().awaitStatus().getCode())
          .isEqualTo(Status.Code.INVALID_ARGUMENT);
      lavalier.awaitState("tone", DeviceState.DEVICE_STATE_CLOSED);

      lavalier.script("mic").readsNothing = true;
      lavalier.timeSource().advance(Duration.ofMillis(10));
      assertThat(ended.awaitStatus().getCode()).isEqualTo(Status.Code.UNAVAILABLE);
      lavalier.awaitState("mic", DeviceState.DEVICE_STATE_CLOSED);
      lavalier.script("mic").readsNothing = false;
    }
    assertNoQuotaInUse();
  }
}
