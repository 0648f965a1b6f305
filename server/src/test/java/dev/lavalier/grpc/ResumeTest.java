package dev.lavalier.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lavalier.testing.TestSubscriber;
import dev.lavalier.v1.AudioFrame;
import dev.lavalier.v1.DeviceState;
import dev.lavalier.v1.GapCause;
import dev.lavalier.v1.OnDeviceLoss;
import dev.lavalier.v1.ResumePoint;
import dev.lavalier.v1.StreamFramesRequest;
import dev.lavalier.v1.StreamStarted;
import io.grpc.Status;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Tests streams that continue an earlier one, and the start points that are refused. */
final class ResumeTest extends StartPointsFixture {

  private static StreamFramesRequest resume(StreamFramesRequest request, long epoch, long index) {
    return request.toBuilder()
        .setResume(ResumePoint.newBuilder().setEpoch(epoch).setSampleIndex(index))
        .build();
  }

  @Test
  void resumedStreamContinuesExactlyOrReportsGap() throws Exception {
    TestSubscriber live = lavalier.subscribe(LIVE).requestAll();
    StreamStarted started = live.nextStarted();
    pass(500);
    TestSubscriber exact = lavalier.subscribe(resume(LIVE, started.getEpoch(), 4_800)).requestAll();
    StreamStarted again = exact.nextStarted();
    assertThat(again.getEpoch()).isEqualTo(started.getEpoch());
    assertThat(again.getPrerollMs()).isEqualTo(400);
    TestSubscriber atOnce =
        lavalier.subscribe(resume(LIVE, started.getEpoch(), 24_000)).requestAll();
    assertThat(atOnce.nextStarted().getPrerollMs()).isZero();
    pass(500);
    assertFollows(exact.nextFrames(90), 4_800);
    assertFollows(atOnce.nextFrames(50), 24_000);

    pass(4_000);
    TestSubscriber evicted = lavalier.subscribe(resume(LIVE, started.getEpoch(), 480)).requestAll();
    assertThat(evicted.nextStarted().getPrerollMs()).isEqualTo(2_000);
    AudioFrame first = evicted.nextFrame();
    assertThat(first.getSampleIndex()).isEqualTo(3 * 48_000);
    assertThat(first.getGap().getSampleCount()).isEqualTo(3 * 48_000 - 480);
    assertThat(first.getGap().getCause()).isEqualTo(GapCause.GAP_CAUSE_NOT_KEPT);
    assertThat(first.getGap().getEstimated()).isFalse();
    pass(500);
    assertFollows(evicted.nextFrames(200), 3 * 48_000 + 480);
  }

  @Test
  void resumeFromEarlierEpochHasEstimatedGap() throws Exception {
    TestSubscriber before = lavalier.subscribe(LIVE).requestAll();
    StreamStarted earlier = before.nextStarted();
    pass(100);
    before.nextFrames(10);
    before.cancel();
    lavalier.awaitState("mic", DeviceState.DEVICE_STATE_CLOSED);
    lavalier.timeSource().advance(Duration.ofSeconds(10));

    StreamFramesRequest resume = resume(LIVE, earlier.getEpoch(), 4_800);
    TestSubscriber opens = lavalier.subscribe(resume).requestAll();
    StreamStarted started = opens.nextStarted();
    assertThat(started.getEpoch()).isGreaterThan(earlier.getEpoch());
    assertThat(started.getPrerollMs()).isZero();
    pass(1_000);
    TestSubscriber joins = lavalier.subscribe(resume).requestAll();
    assertThat(joins.nextStarted().getPrerollMs()).isEqualTo(1_000);
    for (TestSubscriber each : List.of(opens, joins)) {
      AudioFrame first = each.nextFrame();
      assertThat(first.getSampleIndex()).isZero();
      assertThat(first.getGap().getSampleCount()).isEqualTo(10 * 48_000);
      assertThat(first.getGap().getCause()).isEqualTo(GapCause.GAP_CAUSE_NOT_KEPT);
      assertThat(first.getGap().getEstimated()).isTrue();
    }
  }

  @Test
  void resumedStreamContinuesAfterDeviceLoss() throws Exception {
    StreamFramesRequest waits =
        LIVE.toBuilder().setOnDeviceLoss(OnDeviceLoss.ON_DEVICE_LOSS_WAIT).build();
    TestSubscriber live = lavalier.subscribe(LIVE).requestAll();
    long epoch = live.nextStarted().getEpoch();
    pass(500);
    TestSubscriber resumed = lavalier.subscribe(resume(waits, epoch, 14_400)).requestAll();
    resumed.nextStarted();
    pass(500);
    assertFollows(resumed.nextFrames(70), 14_400);
    lavalier.script("mic").readsNothing = true;
    lavalier.timeSource().advance(Duration.ofMillis(10));
    assertThat(resumed.next().hasNotice()).isTrue();
    lavalier.awaitState("mic", DeviceState.DEVICE_STATE_LOST);
    lavalier.script("mic").readsNothing = false;
    lavalier.advanceUntil(Duration.ofMillis(50), () -> lavalier.script("mic").attempts.get() > 1);
    assertThat(resumed.nextStarted().getPrerollMs()).isZero();
    pass(100);
    AudioFrame back = resumed.nextFrame();
    assertThat(back.getSampleIndex()).isZero();
    assertThat(back.getGap().getCause()).isEqualTo(GapCause.GAP_CAUSE_DEVICE_LOST);
  }

  @Test
  void invalidResumePointIsRejected() throws Exception {
    TestSubscriber live = lavalier.subscribe(LIVE).requestAll();
    long epoch = live.nextStarted().getEpoch();
    pass(500);
    assertRefused(
        resume(LIVE, epoch, 24_480),
        Status.Code.OUT_OF_RANGE,
        "resume.sample_index: 24480 (expected: already captured, at most 24000)");
    assertRefused(
        resume(LIVE, epoch + 1, 0),
        Status.Code.OUT_OF_RANGE,
        "resume.epoch: %d (expected: already captured, at most %d)".formatted(epoch + 1, epoch));
    assertRefused(
        resume(LIVE, epoch - 1, Long.MAX_VALUE / 480 * 480), Status.Code.OUT_OF_RANGE, "");
    assertRefused(
        resume(LIVE, epoch, 481),
        Status.Code.INVALID_ARGUMENT,
        "resume.sample_index: 481 (expected: 0 or a positive multiple of frame_size, 480)");
    assertRefused(resume(LIVE, epoch, -480), Status.Code.INVALID_ARGUMENT, "resume.sample_index: ");
    assertRefused(
        resume(LIVE, 0, 0),
        Status.Code.INVALID_ARGUMENT,
        "resume.epoch: 0 (expected: the epoch of a started message, more than 0)");
    assertRefused(
        preroll(LIVE, -1), Status.Code.INVALID_ARGUMENT, "preroll_ms: -1 (expected: 0..600000)");
    assertRefused(
        preroll(LIVE, 600_001), Status.Code.INVALID_ARGUMENT, "preroll_ms: 600001 (expected: ");
  }

  @Test
  void resumePointInFutureDoesNotOpenDevice() throws Exception {
    long now = lavalier.timeSource().unixNanos() / 1_000;
    assertRefused(
        resume(LIVE, now + 1, 0),
        Status.Code.OUT_OF_RANGE,
        "resume.epoch: %d (expected: already captured, at most %d)".formatted(now + 1, now));
    assertRefused(
        resume(LIVE, now - 1, 480 * 48_000L),
        Status.Code.OUT_OF_RANGE,
        "resume.sample_index: 23040000 (expected: already captured, at most 2880000)");
    assertThat(lavalier.script("mic").attempts).hasValue(0);

    TestSubscriber live = lavalier.subscribe(LIVE).requestAll();
    long epoch = live.nextStarted().getEpoch();
    pass(500);
    live.cancel();
    lavalier.awaitState("mic", DeviceState.DEVICE_STATE_CLOSED);
    assertRefused(
        resume(LIVE, epoch, Long.MAX_VALUE / 480 * 480), Status.Code.OUT_OF_RANGE, "resume.");
    assertThat(lavalier.script("mic").attempts).hasValue(1);
    assertThat(lavalier.subscribe(resume(LIVE, epoch, 24_000)).requestAll().nextStarted())
        .isNotNull();
    assertThat(lavalier.script("mic").attempts).hasValue(2);
  }

  private void assertRefused(StreamFramesRequest request, Status.Code code, String message)
      throws Exception {
    Status status = lavalier.subscribe(request).requestAll().awaitStatus();
    assertThat(status.getCode()).isEqualTo(code);
    assertThat(status.getDescription()).startsWith(message);
  }
}
