package dev.lavalier.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lavalier.testing.TestSubscriber;
import dev.lavalier.v1.AudioFrame;
import dev.lavalier.v1.DeviceState;
import dev.lavalier.v1.Gap;
import dev.lavalier.v1.GapCause;
import dev.lavalier.v1.NoticeKind;
import dev.lavalier.v1.OnDeviceLoss;
import dev.lavalier.v1.StreamNotice;
import dev.lavalier.v1.StreamStarted;
import io.grpc.Status;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/** Devices that are lost, return, hang, are busy or are muted. */
final class DeviceFaultsTest extends DeviceFaultsFixture {

  private static void assertLost(TestSubscriber subscriber, String seen) throws Exception {
    assertThat(nextNotice(subscriber, NoticeKind.NOTICE_KIND_DEVICE_LOST).getMessage())
        .isEqualTo("mic was lost: " + seen);
    Status status = subscriber.awaitStatus();
    assertThat(status.getCode()).isEqualTo(Status.Code.UNAVAILABLE);
    assertThat(status.getDescription()).isEqualTo("mic was lost: " + seen);
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
