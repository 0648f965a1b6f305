package dev.lavalier.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lavalier.testing.LavalierExtension;
import dev.lavalier.testing.ScriptedMixerProvider;
import dev.lavalier.testing.TestSubscriber;
import dev.lavalier.v1.AudioFrame;
import dev.lavalier.v1.DeviceState;
import dev.lavalier.v1.NoticeKind;
import dev.lavalier.v1.OnDeviceLoss;
import dev.lavalier.v1.StreamFramesRequest;
import dev.lavalier.v1.StreamNotice;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import java.time.Duration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * A server with the scripted device {@code mic}, in manual time. In each test another subscriber
 * streams the tone and misses no frame.
 */
abstract class DeviceFaultsFixture {

  private static final int LENIENT_LATENCY_MS = 60_000;
  static final StreamFramesRequest FAIL =
      StreamFramesRequest.newBuilder()
          .setDeviceId("mic")
          .setFrameSize(480)
          .setMaxLatencyMs(LENIENT_LATENCY_MS)
          .build();
  static final StreamFramesRequest WAIT =
      FAIL.toBuilder().setOnDeviceLoss(OnDeviceLoss.ON_DEVICE_LOSS_WAIT).build();

  @RegisterExtension
  final LavalierExtension lavalier = LavalierExtension.withManualTime().withScripted("mic");

  private TestSubscriber otherSubscriber;
  long startedNanos;
  private long received;

  @BeforeEach
  void subscribeToTone() throws Exception {
    otherSubscriber = lavalier.subscribe(FAIL.toBuilder().setDeviceId("tone").build()).requestAll();
    otherSubscriber.nextStarted();
    startedNanos = lavalier.timeSource().nanoTime();
    lavalier.timeSource().awaitSleepers(1);
  }

  ScriptedMixerProvider.Script mic() {
    return lavalier.script("mic");
  }

  /** Subscribes and receives 100 ms. */
  TestSubscriber listening(StreamFramesRequest request) throws Exception {
    TestSubscriber subscriber = lavalier.subscribe(request).requestAll();
    subscriber.nextStarted();
    lavalier.advance(Duration.ofMillis(100), 2);
    assertThat(subscriber.nextFrames(10).get(9).getSampleIndex()).isEqualTo(9 * 480);
    return subscriber;
  }

  static StreamNotice nextNotice(TestSubscriber subscriber, NoticeKind kind) throws Exception {
    StreamNotice notice = subscriber.next().getNotice();
    assertThat(notice.getKind()).isEqualTo(kind);
    return notice;
  }

  void assertClosed() throws Exception {
    lavalier.awaitState("mic", DeviceState.DEVICE_STATE_CLOSED);
    mic().awaitOpenLines(0);
    assertThat(LavalierExtension.readers()).containsExactly("lavalier-reader-tone");
    assertOtherSubscriberUnaffected();
  }

  /** Advances the time, no faster than the other subscriber receives. */
  void pass(Duration time) throws Exception {
    for (long ms = 0; ms < time.toMillis(); ms += 10) {
      lavalier.timeSource().advance(Duration.ofMillis(10));
      otherSubscriber.awaitReceived(
          1 + (int) ((lavalier.timeSource().nanoTime() - startedNanos) / 10_000_000));
    }
  }

  void assertOtherSubscriberUnaffected() throws Exception {
    lavalier.advance(Duration.ofMillis(50), 1);
    long end = (lavalier.timeSource().nanoTime() - startedNanos) / 10_000_000 * 480;
    for (; received < end; received += 480) {
      AudioFrame frame = otherSubscriber.nextFrame();
      assertThat(frame.hasGap()).isFalse();
      assertThat(frame.getSampleIndex()).isEqualTo(received);
    }
    assertThat(
            HealthGrpc.newBlockingStub(lavalier.channel())
                .check(HealthCheckRequest.getDefaultInstance())
                .getStatus())
        .isEqualTo(ServingStatus.SERVING);
  }
}
