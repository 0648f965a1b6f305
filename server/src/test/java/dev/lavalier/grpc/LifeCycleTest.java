package dev.lavalier.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lavalier.testing.LavalierExtension;
import dev.lavalier.testing.TestSubscriber;
import dev.lavalier.v1.DeviceState;
import dev.lavalier.v1.NoticeKind;
import dev.lavalier.v1.StreamFramesRequest;
import dev.lavalier.v1.StreamFramesResponse;
import io.grpc.CallOptions;
import io.grpc.Status;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Tests when a device opens and closes, and how subscriptions end. */
final class LifeCycleTest {

  private static final StreamFramesRequest TONE =
      StreamFramesRequest.newBuilder().setDeviceId("tone").build();
  private static final StreamFramesRequest MIC =
      StreamFramesRequest.newBuilder().setDeviceId("mic").build();

  @RegisterExtension
  final LavalierExtension lavalier = LavalierExtension.withManualTime().withScripted("mic");

  private void assertClosed() throws Exception {
    lavalier.awaitState("mic", DeviceState.DEVICE_STATE_CLOSED);
    assertThat(lavalier.device("mic").getSubscriberCount()).isZero();
    assertThat(lavalier.script("mic").open).hasValue(0);
    assertThat(LavalierExtension.readers()).isEmpty();
  }

  @Test
  void firstSubscriptionOpensAndLastOneCloses() throws Exception {
    TestSubscriber first = lavalier.subscribe(MIC).requestAll();
    first.nextStarted();
    assertThat(lavalier.device("mic").getState()).isEqualTo(DeviceState.DEVICE_STATE_OPEN);
    assertThat(lavalier.script("mic").open).hasValue(1);
    TestSubscriber second = lavalier.subscribe(MIC).requestAll();
    second.nextStarted();

    first.cancel();
    assertThat(first.awaitStatus().getCode()).isEqualTo(Status.Code.CANCELLED);
    lavalier.advance(Duration.ofMillis(20), 1);
    assertThat(second.nextFrame().getSampleIndex()).isZero();
    assertThat(lavalier.script("mic").open).hasValue(1);

    second.cancel();
    assertClosed();
  }

  @Test
  void deadlineEndsSubscription() throws Exception {
    TestSubscriber subscriber =
        TestSubscriber.subscribe(
                lavalier.channel(),
                CallOptions.DEFAULT.withDeadlineAfter(200, TimeUnit.MILLISECONDS),
                MIC)
            .requestAll();
    subscriber.nextStarted();
    assertThat(subscriber.awaitStatus().getCode()).isEqualTo(Status.Code.DEADLINE_EXCEEDED);
    assertClosed();
  }

  @Test
  void eachOpeningIsNewEpochWithIndexZero() throws Exception {
    long lastEpoch = 0;
    for (int i = 0; i < 3; i++) {
      TestSubscriber subscriber = lavalier.subscribe(MIC).requestAll();
      long epoch = subscriber.nextStarted().getEpoch();
      // The time does not change between the openings, but the epoch increases.
      assertThat(epoch).isGreaterThan(lastEpoch);
      lastEpoch = epoch;
      lavalier.advance(Duration.ofMillis(20), 1);
      assertThat(subscriber.nextFrame().getSampleIndex()).isZero();
      subscriber.cancel();
      assertClosed();
    }
  }

  @Test
  void lostDeviceIsReportedClosedAndCanBeReopened() throws Exception {
    TestSubscriber subscriber = lavalier.subscribe(MIC).requestAll();
    TestSubscriber onlooker = lavalier.subscribe(TONE).requestAll();
    subscriber.nextStarted();
    onlooker.nextStarted();
    lavalier.advance(Duration.ofMillis(20), 2);
    subscriber.nextFrame();

    lavalier.script("mic").readsNothing = true;
    lavalier.timeSource().advance(Duration.ofMillis(10));
    StreamFramesResponse message = subscriber.next();
    assertThat(message.getNotice().getKind()).isEqualTo(NoticeKind.NOTICE_KIND_DEVICE_LOST);
    assertThat(message.getNotice().getMessage())
        .isEqualTo("mic was lost: a read returned 0 of 480 samples");
    Status status = subscriber.awaitStatus();
    assertThat(status.getCode()).isEqualTo(Status.Code.UNAVAILABLE);
    assertThat(status.getDescription()).startsWith("mic was lost");
    lavalier.awaitState("mic", DeviceState.DEVICE_STATE_CLOSED);
    assertThat(lavalier.script("mic").open).hasValue(0);

    lavalier.script("mic").readsNothing = false;
    TestSubscriber again = lavalier.subscribe(MIC).requestAll();
    again.nextStarted();
    lavalier.advance(Duration.ofMillis(30), 2);
    assertThat(again.nextFrame().getSampleIndex()).isZero();
    assertThat(onlooker.nextFrames(3).get(2).getSampleIndex()).isEqualTo(1_920);
  }

  @Test
  void stopOfServerIsReportedAndClosesDevice() throws Exception {
    TestSubscriber subscriber = lavalier.subscribe(MIC).requestAll();
    subscriber.nextStarted();
    lavalier.hub().close();
    assertThat(subscriber.next().getNotice().getKind())
        .isEqualTo(NoticeKind.NOTICE_KIND_SERVER_STOPPING);
    assertThat(subscriber.awaitStatus().getCode()).isEqualTo(Status.Code.UNAVAILABLE);
    assertClosed();
    assertThat(lavalier.subscribe(MIC).requestAll().awaitStatus().getDescription())
        .isEqualTo("the server is stopping; try again later");
  }

  /**
   * Claim: if a call is cancelled while the device is closed, opening, open or closing, the device
   * ends closed, without a line, reader or subscription, and a later subscriber gets a new epoch.
   *
   * <p>A client's cancel does not wait for the server, so the device can appear closed before the
   * last calls have reached it. The later subscriber comes after all of them in the device's
   * mailbox: the device is open at that time, and closes permanently when this subscriber leaves.
   */
  @Test
  void cancelsInEveryStateLeaveDeviceClosed() throws Exception {
    for (int i = 0; i < 200; i++) {
      TestSubscriber subscriber = lavalier.subscribe(MIC).requestAll();
      if (i % 2 == 0) {
        subscriber.nextStarted();
        lavalier.advance(Duration.ofMillis(20), 1);
        assertThat(subscriber.nextFrame().getSampleIndex()).isZero();
        subscriber.cancel();
        lavalier.timeSource().awaitSleepers(0);
      } else {
        subscriber.cancel();
      }
    }
    lavalier.awaitCallsHandled();
    TestSubscriber last = lavalier.subscribe(MIC).requestAll();
    last.nextStarted();
    assertThat(lavalier.device("mic").getSubscriberCount()).isEqualTo(1);
    lavalier.advance(Duration.ofMillis(20), 1);
    assertThat(last.nextFrame().getSampleIndex()).isZero();
    last.cancel();
    assertClosed();
  }
}
