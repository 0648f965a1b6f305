package dev.lavalier.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lavalier.testing.LavalierExtension;
import dev.lavalier.testing.TestSubscriber;
import dev.lavalier.v1.AudioFrame;
import dev.lavalier.v1.DeviceState;
import dev.lavalier.v1.GapCause;
import dev.lavalier.v1.OverflowPolicy;
import dev.lavalier.v1.StreamFramesRequest;
import io.grpc.Status;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Tests that a subscriber that does not read loses only its own frames. */
final class SlowSubscriberTest {

  @RegisterExtension final LavalierExtension lavalier = LavalierExtension.withManualTime();

  @Test
  void stalledSubscriberGetsExactGapAndOthersMissNothing() throws Exception {
    List<TestSubscriber> reading = new ArrayList<>();
    for (int i = 0; i < 9; i++) {
      TestSubscriber subscriber = lavalier.subscribe(480).requestAll();
      subscriber.nextStarted();
      reading.add(subscriber);
    }
    TestSubscriber stalled =
        lavalier.subscribe(480).request(2); // the started message and one frame
    stalled.nextStarted();

    for (int k = 0; k < 1_000; k += 10) {
      lavalier.advance(Duration.ofMillis(100), 1);
      for (TestSubscriber subscriber : reading) {
        List<AudioFrame> frames = subscriber.nextFrames(10);
        assertThat(frames).noneMatch(AudioFrame::hasGap);
        assertThat(frames.get(0).getSampleIndex()).isEqualTo(480L * k);
        assertThat(frames.get(9).getSampleIndex()).isEqualTo(480L * (k + 9));
      }
    }
    AudioFrame first = stalled.nextFrame();
    assertThat(first.getSampleIndex()).isZero();
    assertThat(stalled.received()).isEqualTo(2);

    stalled.requestAll();
    AudioFrame awakened = stalled.nextFrame();
    // 1,000 frames were captured, one was delivered, and 20 frames (200 ms) were waiting.
    assertThat(awakened.getGap().getSampleCount()).isEqualTo(480L * (1_000 - 1 - 20));
    assertThat(awakened.getGap().getCause()).isEqualTo(GapCause.GAP_CAUSE_SLOW_SUBSCRIBER);
    assertThat(awakened.getGap().getEstimated()).isFalse();
    long counted = 480 + awakened.getGap().getSampleCount() + 480;
    for (AudioFrame frame : stalled.nextFrames(19)) {
      assertThat(frame.hasGap()).isFalse();
      assertThat(frame.getSampleIndex()).isEqualTo(counted);
      counted += 480;
    }
    assertThat(counted).isEqualTo(10 * 48_000L);
  }

  @Test
  void subscriberThatNeverReadGetsGap() throws Exception {
    TestSubscriber stalled = lavalier.subscribe(480);
    lavalier.awaitState("tone", DeviceState.DEVICE_STATE_OPEN);
    lavalier.advance(Duration.ofSeconds(1), 1);
    stalled.requestAll();
    stalled.nextStarted();
    AudioFrame frame = stalled.nextFrame();
    assertThat(frame.getGap().getSampleCount()).isEqualTo(480L * (100 - 20));
    assertThat(frame.getSampleIndex()).isEqualTo(480L * (100 - 20));
  }

  @Test
  void latencyLimitAppliesToEachSubscriber() throws Exception {
    TestSubscriber patient =
        lavalier
            .subscribe(
                StreamFramesRequest.newBuilder().setFrameSize(480).setMaxLatencyMs(5_000).build())
            .request(1);
    TestSubscriber hasty =
        lavalier
            .subscribe(
                StreamFramesRequest.newBuilder().setFrameSize(480).setMaxLatencyMs(10).build())
            .request(1);
    patient.nextStarted();
    hasty.nextStarted();
    lavalier.advance(Duration.ofSeconds(2), 1);

    patient.requestAll();
    hasty.requestAll();
    AudioFrame oldest = patient.nextFrame();
    assertThat(oldest.getSampleIndex() + oldest.getGap().getSampleCount()).isZero();
    // One subscribed before the other, but at the same manual time.
    AudioFrame newest = hasty.nextFrame();
    assertThat(newest.getSampleIndex()).isEqualTo(480L * 199);
    assertThat(newest.getGap().getSampleCount()).isEqualTo(480L * 199);
  }

  @Test
  void closePolicyEndsCallInsteadOfLosingFrames() throws Exception {
    TestSubscriber strict =
        lavalier
            .subscribe(
                StreamFramesRequest.newBuilder()
                    .setFrameSize(480)
                    .setMaxLatencyMs(100)
                    .setOverflowPolicy(OverflowPolicy.OVERFLOW_POLICY_CLOSE)
                    .build())
            .request(1);
    strict.nextStarted();
    lavalier.advance(Duration.ofMillis(100), 1);
    assertThat(lavalier.device("tone").getSubscriberCount()).isEqualTo(1);
    lavalier.timeSource().advance(Duration.ofMillis(10));
    lavalier.awaitState("tone", DeviceState.DEVICE_STATE_CLOSED);

    Status status = strict.request(1).awaitStatus();
    assertThat(status.getCode()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
    assertThat(status.getDescription())
        .isEqualTo(
            "queue overflow: frames were not read within max_latency_ms (100); read faster or raise"
                + " it");
  }
}
