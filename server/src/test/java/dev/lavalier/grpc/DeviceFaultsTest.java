package dev.lavalier.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lavalier.testing.LavalierExtension;
import dev.lavalier.testing.ScriptedMixerProvider;
import dev.lavalier.testing.TestSubscriber;
import dev.lavalier.v1.AudioFrame;
import dev.lavalier.v1.DeviceState;
import dev.lavalier.v1.Gap;
import dev.lavalier.v1.GapCause;
import dev.lavalier.v1.NoticeKind;
import dev.lavalier.v1.OnDeviceLoss;
import dev.lavalier.v1.StreamFramesRequest;
import dev.lavalier.v1.StreamNotice;
import dev.lavalier.v1.StreamStarted;
import io.grpc.Status;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import java.time.Duration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Devices with different faults while they are open, in manual time. In each test another
 * subscriber streams the tone and misses no frame.
 */
final class DeviceFaultsTest {

  private static final int LENIENT_LATENCY_MS = 60_000;
  private static final StreamFramesRequest FAIL =
      StreamFramesRequest.newBuilder()
          .setDeviceId("mic")
          .setFrameSize(480)
          .setMaxLatencyMs(LENIENT_LATENCY_MS)
          .build();
  private static final StreamFramesRequest WAIT =
      FAIL.toBuilder().setOnDeviceLoss(OnDeviceLoss.ON_DEVICE_LOSS_WAIT).build();

  @RegisterExtension
  final LavalierExtension lavalier = LavalierExtension.withManualTime().withScripted("mic");

  private TestSubscriber otherSubscriber;
  private long startedNanos;
  private long received;

  @BeforeEach
  void subscribeToTone() throws Exception {
    otherSubscriber = lavalier.subscribe(FAIL.toBuilder().setDeviceId("tone").build()).requestAll();
    otherSubscriber.nextStarted();
    startedNanos = lavalier.timeSource().nanoTime();
    lavalier.timeSource().awaitSleepers(1);
  }

  private ScriptedMixerProvider.Script mic() {
    return lavalier.script("mic");
  }

  /** Subscribes and receives 100 ms. */
  private TestSubscriber listening(StreamFramesRequest request) throws Exception {
    TestSubscriber subscriber = lavalier.subscribe(request).requestAll();
    subscriber.nextStarted();
    lavalier.advance(Duration.ofMillis(100), 2);
    assertThat(subscriber.nextFrames(10).get(9).getSampleIndex()).isEqualTo(9 * 480);
    return subscriber;
  }

  private static StreamNotice nextNotice(TestSubscriber subscriber, NoticeKind kind)
      throws Exception {
    StreamNotice notice = subscriber.next().getNotice();
    assertThat(notice.getKind()).isEqualTo(kind);
    return notice;
  }

  private static void assertLost(TestSubscriber subscriber, String seen) throws Exception {
    assertThat(nextNotice(subscriber, NoticeKind.NOTICE_KIND_DEVICE_LOST).getMessage())
        .isEqualTo("mic was lost: " + seen);
    Status status = subscriber.awaitStatus();
    assertThat(status.getCode()).isEqualTo(Status.Code.UNAVAILABLE);
    assertThat(status.getDescription()).isEqualTo("mic was lost: " + seen);
  }

  private void assertClosed() throws Exception {
    lavalier.awaitState("mic", DeviceState.DEVICE_STATE_CLOSED);
    assertThat(mic().open).hasValue(0);
    assertThat(LavalierExtension.readers()).containsExactly("lavalier-reader-tone");
    assertOtherSubscriberUnaffected();
  }

  /** Advances the time, no faster than the other subscriber receives. */
  private void pass(Duration time) throws Exception {
    for (long ms = 0; ms < time.toMillis(); ms += 10) {
      lavalier.timeSource().advance(Duration.ofMillis(10));
      otherSubscriber.awaitReceived(
          1 + (int) ((lavalier.timeSource().nanoTime() - startedNanos) / 10_000_000));
    }
  }

  /**
   * Advances the time until the progress monitor reports the device as lost. The interval of half a
   * second starts after each check, so a delayed check delays all later ones: no fixed time is
   * enough.
   */
  private void passWhileOpen() throws Exception {
    for (int ms = 0; ms < 30_000; ms += 10) {
      pass(Duration.ofMillis(10));
      if (lavalier.device("mic").getState() != DeviceState.DEVICE_STATE_OPEN) {
        return;
      }
    }
    throw new AssertionError("open for 30 s without audio");
  }

  private void assertOtherSubscriberUnaffected() throws Exception {
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

  @Test
  void emptyReadsAreDeviceLoss() throws Exception {
    TestSubscriber subscriber = listening(FAIL);
    mic().readsNothing = true;
    lavalier.timeSource().advance(Duration.ofMillis(10));
    assertLost(subscriber, "a read returned 0 of 480 samples");
    assertClosed();
  }

  @Test
  void shortReadIsDeviceLoss() throws Exception {
    TestSubscriber subscriber = listening(FAIL);
    mic().readsHalf = true;
    lavalier.timeSource().advance(Duration.ofMillis(10));
    assertLost(subscriber, "a read returned 240 of 480 samples");
    assertClosed();
  }

  @Test
  void failedReadIsDeviceLoss() throws Exception {
    TestSubscriber subscriber = listening(FAIL);
    mic().throwsOnRead = true;
    lavalier.timeSource().advance(Duration.ofMillis(10));
    assertLost(
        subscriber, "the sound system failed: java.lang.IllegalStateException: driver failure");
    assertClosed();
  }

  @Test
  void missingAudioIsDeviceLoss() throws Exception {
    TestSubscriber subscriber = listening(FAIL);
    mic().stalls = true;
    pass(Duration.ofMillis(2_500));
    assertThat(lavalier.device("mic").getState()).isEqualTo(DeviceState.DEVICE_STATE_OPEN);
    passWhileOpen();
    assertLost(subscriber, "no audio for 3 s");
    assertClosed();
  }

  @Test
  void waitingStreamResumesInNewEpochWithGap() throws Exception {
    TestSubscriber subscriber = lavalier.subscribe(WAIT).requestAll();
    StreamStarted first = subscriber.nextStarted();
    assertThat(first.getOnDeviceLoss()).isEqualTo(OnDeviceLoss.ON_DEVICE_LOSS_WAIT);
    lavalier.advance(Duration.ofMillis(100), 2);
    AudioFrame last = subscriber.nextFrames(10).get(9);

    mic().readsNothing = true;
    mic().unplug();
    pass(Duration.ofMillis(10));
    nextNotice(subscriber, NoticeKind.NOTICE_KIND_DEVICE_LOST);
    lavalier.awaitState("mic", DeviceState.DEVICE_STATE_LOST);
    pass(Duration.ofSeconds(20));
    assertThat(lavalier.device("mic").getState()).isEqualTo(DeviceState.DEVICE_STATE_LOST);
    assertThat(lavalier.device("mic").getSubscriberCount()).isEqualTo(1);

    mic().readsNothing = false;
    mic().plug();
    pass(Duration.ofSeconds(5)); // the longest back-off
    StreamStarted second = subscriber.nextStarted();
    assertThat(second.getEpoch()).isGreaterThan(first.getEpoch());
    pass(Duration.ofMillis(40));
    AudioFrame back = subscriber.nextFrame();
    assertThat(back.getSampleIndex()).isZero();
    Gap gap = back.getGap();
    assertThat(gap.getCause()).isEqualTo(GapCause.GAP_CAUSE_DEVICE_LOST);
    assertThat(gap.getEstimated()).isTrue();
    long away = back.getCaptureTimeUnixNanos() - last.getCaptureTimeUnixNanos();
    assertThat(gap.getSampleCount()).isEqualTo(away * 48 / 1_000_000 - 480);
    assertThat(subscriber.nextFrame().hasGap()).isFalse();
    subscriber.cancel();
    assertClosed();
  }

  @Test
  void openDeviceWithoutAudioStaysLostAndIsPolledRarely() throws Exception {
    TestSubscriber subscriber = listening(WAIT);
    mic().stalls = true;
    passWhileOpen();
    nextNotice(subscriber, NoticeKind.NOTICE_KIND_DEVICE_LOST);
    passUntilAttempt(2);
    subscriber.nextStarted();
    lavalier.advance(Duration.ofSeconds(4), 2);
    assertThat(lavalier.device("mic").getState()).isEqualTo(DeviceState.DEVICE_STATE_LOST);
    int before = mic().availableCalls.get();
    for (int i = 0; i < 200; i++) {
      lavalier.timeSource().advance(Duration.ofNanos(500_000));
      lavalier.timeSource().awaitSleepers(2);
    }
    assertThat(mic().availableCalls.get() - before).isLessThan(25);

    mic().stalls = false;
    lavalier.advance(Duration.ofMillis(50), 2);
    assertThat(subscriber.nextFrame().getGap().getCause())
        .isEqualTo(GapCause.GAP_CAUSE_DEVICE_LOST);
    lavalier.awaitState("mic", DeviceState.DEVICE_STATE_OPEN);
    subscriber.cancel();
    assertClosed();
  }

  @Test
  void retriesBackOffAndEndWhenNoSubscriberWaits() throws Exception {
    TestSubscriber subscriber = listening(WAIT);
    mic().busy = true;
    mic().readsNothing = true;
    lavalier.timeSource().advance(Duration.ofMillis(10));
    nextNotice(subscriber, NoticeKind.NOTICE_KIND_DEVICE_LOST);
    lavalier.awaitState("mic", DeviceState.DEVICE_STATE_LOST);
    int expected = 1;
    for (int ms : new int[] {250, 500, 1_000, 2_000, 4_000, 5_000, 5_000}) {
      expected++;
      long waited = passUntilAttempt(expected);
      // Not earlier, within one step of time; later by the time that this machine needs to react.
      assertThat(waited).isBetween(ms - 20L, ms + 3_000L);
    }
    subscriber.cancel();
    assertClosed();
    pass(Duration.ofSeconds(30));
    assertThat(mic().attempts).hasValue(expected);
  }

  private long passUntilAttempt(int count) throws Exception {
    long begin = lavalier.timeSource().nanoTime();
    while (mic().attempts.get() < count) {
      pass(Duration.ofMillis(10));
      // Wait for the server, so that time does not advance faster than its work.
      assertThat(lavalier.device("mic").getState()).isEqualTo(DeviceState.DEVICE_STATE_LOST);
    }
    return (lavalier.timeSource().nanoTime() - begin) / 1_000_000;
  }

  @Test
  void lostSamplesAreEstimatedAndIndexFollowsTime() throws Exception {
    TestSubscriber subscriber = lavalier.subscribe(FAIL).requestAll();
    subscriber.nextStarted();
    lavalier.advance(Duration.ofSeconds(2), 2);
    mic().dropsUntil = lavalier.timeSource().nanoTime() + 700_000_000L;
    lavalier.advance(Duration.ofSeconds(4), 2);

    long missing = 0;
    long next = 0;
    int gaps = 0;
    AudioFrame frame;
    do {
      frame = subscriber.nextFrame();
      if (frame.hasGap()) {
        gaps++;
        missing += frame.getGap().getSampleCount();
        assertThat(frame.getGap().getCause()).isEqualTo(GapCause.GAP_CAUSE_DEVICE_OVERRUN);
        assertThat(frame.getGap().getEstimated()).isTrue();
      }
      assertThat(frame.getSampleIndex()).isEqualTo(next + frame.getGap().getSampleCount());
      next = frame.getSampleIndex() + 480;
    } while (next + 960 < 6 * 48_000);
    assertThat(gaps).isEqualTo(1);
    assertThat(missing).isBetween(700L * 48 - 480, 700L * 48 + 960);
    assertThat(next).isBetween(6 * 48_000 - 960L, 6 * 48_000L);
    assertThat(lavalier.timeSource().nanoTime() - startedNanos).isEqualTo(6_000_000_000L);
    subscriber.cancel();
    assertClosed();
  }

  @Test
  void suspendIsGapOfItsLength() throws Exception {
    TestSubscriber subscriber = listening(FAIL);
    long before = lavalier.timeSource().unixNanos();
    lavalier.timeSource().suspend(Duration.ofHours(1));
    lavalier.advance(Duration.ofMillis(100), 2);

    AudioFrame frame = subscriber.nextFrame();
    Gap gap = frame.getGap();
    assertThat(gap.getCause()).isEqualTo(GapCause.GAP_CAUSE_DEVICE_OVERRUN);
    assertThat(gap.getEstimated()).isTrue();
    assertThat(gap.getSampleCount()).isEqualTo(3_600L * 48_000);
    assertThat(frame.getSampleIndex()).isEqualTo(4_800 + 3_600L * 48_000);
    assertThat(frame.getCaptureTimeUnixNanos() - before)
        .isBetween(3_599_990_000_000L, 3_600_010_000_000L);
    assertThat(subscriber.nextFrame().hasGap()).isFalse();
    subscriber.cancel();
  }

  @Test
  void backlogInFirstPeriodHasCaptureTime() throws Exception {
    mic().stalls = true;
    TestSubscriber subscriber = lavalier.subscribe(FAIL).requestAll();
    StreamStarted started = subscriber.nextStarted();
    lavalier.advance(Duration.ofMillis(100), 2);
    mic().stalls = false;
    lavalier.advance(Duration.ofMillis(100), 2);
    for (int k = 0; k < 10; k++) {
      assertThat(subscriber.nextFrame().getCaptureTimeUnixNanos())
          .isEqualTo(started.getEpoch() * 1_000 + k * 10_000_000L);
    }
    subscriber.cancel();
    assertClosed();
  }

  @Test
  void backlogIsNoLoss() throws Exception {
    TestSubscriber subscriber = listening(FAIL);
    mic().stalls = true;
    lavalier.advance(Duration.ofMillis(1_500), 2);
    mic().stalls = false;
    lavalier.advance(Duration.ofSeconds(1), 2);
    for (int k = 10; k < 255; k++) {
      AudioFrame frame = subscriber.nextFrame();
      assertThat(frame.getSampleIndex()).isEqualTo(480L * k);
      assertThat(frame.hasGap()).isFalse();
    }
    subscriber.cancel();
    assertClosed();
  }

  @Test
  void earlyBacklogHasCaptureTime() throws Exception {
    mic().stalls = true;
    TestSubscriber subscriber = lavalier.subscribe(FAIL).requestAll();
    subscriber.nextStarted();
    long start = lavalier.timeSource().unixNanos();
    lavalier.advance(Duration.ofMillis(150), 2); // less than the buffer of the line
    mic().stalls = false;
    lavalier.advance(Duration.ofMillis(500), 2);
    for (int k = 0; k < 60; k++) {
      AudioFrame frame = subscriber.nextFrame();
      assertThat(frame.getSampleIndex()).isEqualTo(480L * k);
      assertThat(frame.hasGap()).isFalse();
      assertThat(frame.getCaptureTimeUnixNanos() - start - k * 10_000_000L)
          .isBetween(-1_000_000L, 15_000_000L);
    }
    subscriber.cancel();
    assertClosed();
  }

  @ParameterizedTest
  @ValueSource(doubles = {-1_000, 1_000})
  void clockDriftIsFollowedWithoutLoss(double ppm) throws Exception {
    mic().setClockDrift(ppm);
    TestSubscriber subscriber = lavalier.subscribe(FAIL).requestAll();
    long begun = lavalier.timeSource().unixNanos();
    subscriber.nextStarted();
    lavalier.advance(Duration.ofMinutes(1), 2);

    AudioFrame frame = subscriber.nextFrame();
    for (int k = 0; k < 5_990; k++) {
      assertThat(frame.hasGap()).isFalse();
      assertThat(frame.getSampleIndex()).isEqualTo(480L * k);
      double truth = 480.0 * k / 48_000 / (1 + ppm / 1e6);
      double reported = (frame.getCaptureTimeUnixNanos() - begun) / 1e9;
      assertThat(reported - truth).isBetween(-0.003, 0.012);
      frame = subscriber.nextFrame();
    }
    subscriber.cancel();
    assertClosed();
  }

  @Test
  void silenceIsReportedOnceToEachSubscriber() throws Exception {
    TestSubscriber subscriber = listening(FAIL);
    mic().silent = true;
    lavalier.advance(Duration.ofMillis(4_990), 2);
    subscriber.nextFrames(499);
    lavalier.advance(Duration.ofSeconds(3), 2);
    assertThat(nextAmongFrames(subscriber).getKind()).isEqualTo(NoticeKind.NOTICE_KIND_MUTED);
    TestSubscriber newcomer = lavalier.subscribe(FAIL).requestAll();
    newcomer.nextStarted();
    assertThat(nextNotice(newcomer, NoticeKind.NOTICE_KIND_MUTED).getMessage())
        .isEqualTo(
            "mic delivers only zeros: it is muted, or the server has no permission to use it");
    mic().silent = false;
    lavalier.advance(Duration.ofSeconds(1), 2);
    // There is no second notice: all other messages are frames.
    for (int i = 0; i < 100; i++) {
      newcomer.nextFrame();
    }
    subscriber.cancel();
    newcomer.cancel();
    assertClosed();
  }

  private static StreamNotice nextAmongFrames(TestSubscriber subscriber) throws Exception {
    var message = subscriber.next();
    while (message.hasFrame()) {
      message = subscriber.next();
    }
    return message.getNotice();
  }

  @Test
  void hangingOpenIsReported() throws Exception {
    mic().hangsInOpen = true;
    TestSubscriber first = lavalier.subscribe(FAIL).requestAll();
    lavalier.awaitState("mic", DeviceState.DEVICE_STATE_OPENING);
    lavalier.timeSource().advance(Duration.ofSeconds(10));
    String message =
        "mic is not responding: the sound system has not completed a call to open or close it; try"
            + " again later";
    Status status = first.awaitStatus();
    assertThat(status.getCode()).isEqualTo(Status.Code.UNAVAILABLE);
    assertThat(status.getDescription()).isEqualTo(message);
    assertThat(lavalier.device("mic").getState())
        .isEqualTo(DeviceState.DEVICE_STATE_NOT_RESPONDING);
    assertThat(lavalier.subscribe(FAIL).requestAll().awaitStatus().getDescription())
        .isEqualTo(message);

    mic().hangsInOpen = false;
    assertClosed();
    TestSubscriber later = listening(FAIL);
    later.cancel();
    assertClosed();
  }

  @Test
  void hangingCloseIsAbandoned() throws Exception {
    TestSubscriber first = listening(FAIL);
    mic().hangsInClose = true;
    first.cancel();
    lavalier.awaitState("mic", DeviceState.DEVICE_STATE_CLOSING);
    lavalier.timeSource().awaitSleepers(1);
    pass(Duration.ofSeconds(3));
    lavalier.awaitState("mic", DeviceState.DEVICE_STATE_CLOSED);

    TestSubscriber next = lavalier.subscribe(FAIL).requestAll();
    next.nextStarted();
    lavalier.advance(Duration.ofMillis(20), 2);
    assertThat(next.nextFrame().getSampleIndex()).isZero();
    assertThat(mic().open).hasValue(2);
    mic().hangsInClose = false;
    next.cancel();
    assertClosed();
  }

  @Test
  void subscriberDuringCloseGetsNewEpoch() throws Exception {
    TestSubscriber first = listening(FAIL);
    mic().hangsInClose = true;
    first.cancel();
    lavalier.awaitState("mic", DeviceState.DEVICE_STATE_CLOSING);
    TestSubscriber next = lavalier.subscribe(FAIL).requestAll();
    mic().hangsInClose = false;
    next.nextStarted();
    lavalier.advance(Duration.ofMillis(20), 2);
    assertThat(next.nextFrame().getSampleIndex()).isZero();
    next.cancel();
    assertClosed();
  }

  @Test
  void deviceThatWasBusyAtDiscoveryBecomesUsable() throws Exception {
    mic().unplug();
    passUntilListed("mic", false);
    mic().listsNoFormat = true;
    mic().plug();
    pass(Duration.ofSeconds(4));
    assertThat(lavalier.deviceIds()).doesNotContain("mic");
    mic().listsNoFormat = false;
    passUntilListed("mic", true);
    assertOtherSubscriberUnaffected();
  }

  @Test
  void openDeviceStaysListedAndDefaultWhenAnotherIsPluggedIn() throws Exception {
    TestSubscriber first = listening(FAIL);
    // The sound system creates all mixers anew, and an open ALSA device lists no format.
    mic().listsNoFormat = true;
    mic().unplug();
    mic().plug();
    pass(Duration.ofSeconds(4));
    assertThat(lavalier.device("mic").getState()).isEqualTo(DeviceState.DEVICE_STATE_OPEN);
    assertThat(lavalier.device("mic").getIsDefault()).isTrue();
    TestSubscriber second = lavalier.subscribe(FAIL).requestAll();
    second.nextStarted();
    first.cancel();
    second.cancel();
    mic().listsNoFormat = false;
    assertClosed();
  }

  private void passUntilListed(String id, boolean listed) throws Exception {
    for (int ms = 0; ms < 60_000 && lavalier.deviceIds().contains(id) != listed; ms += 10) {
      pass(Duration.ofMillis(10));
    }
    assertThat(lavalier.deviceIds().contains(id)).isEqualTo(listed);
  }
}
