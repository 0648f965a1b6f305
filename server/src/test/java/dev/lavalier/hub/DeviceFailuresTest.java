package dev.lavalier.hub;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lavalier.audio.PcmFormat;
import dev.lavalier.common.StreamException;
import dev.lavalier.common.StreamException.Reason;
import dev.lavalier.testing.ManualTimeSource;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Tests that no failure leaves a device in a state that does not end, or a subscription without the
 * reason for its end. The test runs the tasks of the workers, so a call into the sound system takes
 * as long as the test wants.
 */
final class DeviceFailuresTest {

  private final ManualTimeSource timeSource = new ManualTimeSource();
  private final ManualWorkers workers = new ManualWorkers();
  private final FakeDevices devices = new FakeDevices();
  private final TestSink sink = new TestSink();
  private Hub hub = hub(HubObserver.NONE, Set.of());

  private Hub hub(HubObserver observer, Set<String> keptOpen) {
    return devices.hub(timeSource, observer, keptOpen, workers);
  }

  private DeliveryLoop loop() {
    return new DeliveryLoop(Runnable::run, timeSource);
  }

  private Subscription subscribe(TestSink to) throws StreamException {
    return subscribe(to, OnDeviceLoss.FAIL);
  }

  private Subscription subscribe(TestSink to, OnDeviceLoss onDeviceLoss) throws StreamException {
    Subscription subscription =
        hub.subscribe(
            new Subscriber("ann", "127.0.0.1:1"), FakeDevices.spec(onDeviceLoss), loop(), to);
    workers.runAll();
    return subscription;
  }

  private void pass(Duration time) {
    timeSource.advance(time);
    workers.runAll();
  }

  private DeviceState state() {
    return hub.devices().get(0).state();
  }

  /** Asserts that the device can be subscribed now, and that it delivers. */
  private void assertUsable() throws StreamException {
    TestSink next = new TestSink();
    Subscription subscription = subscribe(next);
    assertThat(state()).isEqualTo(DeviceState.OPEN);
    devices.lastCapture().deliver(0);
    assertThat(next.frames).isEqualTo(1);
    subscription.cancel("left");
    workers.runAll();
  }

  private static Throwable failure(String name) {
    return name.startsWith("Internal")
        ? new InternalError("unable to create native thread")
        : new IllegalStateException("the device is broken");
  }

  @ParameterizedTest
  @ValueSource(strings = {"open", "periodSamples", "device"})
  void errorWhileOpening_refusesAndLeavesTheDeviceUsable(String method) throws Exception {
    devices.failing = method;
    devices.failure = new InternalError("Java heap space");
    subscribe(sink);
    assertThat(sink.ends).containsExactly(Reason.DEVICE_BUSY);
    assertThat(sink.messages.get(0)).contains("Java heap space");
    assertThat(devices.captures).allMatch(c -> c.closed);
    assertThat(state()).isEqualTo(DeviceState.CLOSED);

    devices.failing = "";
    assertUsable();
  }

  @ParameterizedTest
  @ValueSource(strings = {"InternalError", "IllegalStateException"})
  void captureThatDoesNotStart_isClosedAndTheReasonIsReported(String kind) throws Exception {
    devices.failing = "start";
    devices.failure = failure(kind);
    subscribe(sink);
    assertThat(sink.ends).containsExactly(Reason.DEVICE_LOST);
    assertThat(sink.messages.get(0)).contains(devices.failure.getMessage());
    assertThat(devices.lastCapture().closed).isTrue();
    assertThat(state()).isEqualTo(DeviceState.CLOSED);

    devices.failing = "";
    assertUsable();
  }

  @Test
  void captureThatDoesNotStart_isOpenedAgainForASubscriberThatWaits() throws Exception {
    devices.failing = "start";
    subscribe(sink, OnDeviceLoss.WAIT);
    assertThat(sink.ends).isEmpty();
    assertThat(state()).isEqualTo(DeviceState.LOST);

    devices.failing = "";
    pass(Duration.ofSeconds(1));
    devices.lastCapture().deliver(0);
    workers.runAll();
    assertThat(state()).isEqualTo(DeviceState.OPEN);
    assertThat(sink.frames).isEqualTo(1);
  }

  @ParameterizedTest
  @ValueSource(strings = {"periods", "clockPpm"})
  void failingProgressCheck_countsAsALoss(String method) throws Exception {
    subscribe(sink);
    devices.failing = method;
    devices.failure = new InternalError("Java heap space");
    pass(Duration.ofMillis(500));
    assertThat(sink.ends).containsExactly(Reason.DEVICE_LOST);
    assertThat(sink.messages.get(0)).contains("Java heap space");
    assertThat(devices.lastCapture().closed).isTrue();
    assertThat(state()).isEqualTo(DeviceState.CLOSED);
  }

  @ParameterizedTest
  @ValueSource(strings = {"stop", "close"})
  void failingClosing_isACompletedClosing(String method) throws Exception {
    for (int i = 0; i < 5; i++) {
      devices.failing = "";
      Subscription subscription = subscribe(new TestSink());
      devices.failing = method;
      devices.failure = new InternalError("Java heap space");
      subscription.cancel("left");
      workers.runAll();
      assertThat(devices.lastCapture().closed).isTrue();
      assertThat(state()).isEqualTo(DeviceState.CLOSED);
    }
    devices.failing = "";
    assertUsable();
  }

  @Test
  void noThreadForTheOpening_refusesWithTheReason() throws Exception {
    workers.threadsLeft = 1; // for the message
    subscribe(sink);
    assertThat(sink.ends).containsExactly(Reason.DEVICE_BUSY);
    assertThat(sink.messages.get(0)).contains("unable to create native thread");
    assertThat(state()).isEqualTo(DeviceState.CLOSED);

    workers.threadsLeft = Integer.MAX_VALUE;
    assertUsable();
  }

  @Test
  void noThreadForAMessage_delaysIt() throws Exception {
    workers.threadsLeft = 0;
    subscribe(sink);
    pass(Duration.ofMillis(100));
    assertThat(state()).isEqualTo(DeviceState.CLOSED);

    workers.threadsLeft = Integer.MAX_VALUE;
    pass(Duration.ofMillis(100));
    assertThat(state()).isEqualTo(DeviceState.OPEN);
    assertThat(sink.started).isEqualTo(1);
  }

  @Test
  void noThreadForTheClosing_delaysIt() throws Exception {
    Subscription subscription = subscribe(sink);
    subscription.cancel("left");
    workers.threadsLeft = 0; // the thread for the message exists
    workers.runAll();
    assertThat(state()).isEqualTo(DeviceState.CLOSING);
    assertThat(devices.lastCapture().closed).isFalse();

    workers.threadsLeft = Integer.MAX_VALUE;
    pass(Duration.ofMillis(250));
    assertThat(devices.lastCapture().closed).isTrue();
    assertThat(state()).isEqualTo(DeviceState.CLOSED);
  }

  @Test
  void abandonedClosings_countForAnHourOnly() throws Exception {
    for (int i = 0; i < 5; i++) {
      Subscription subscription = subscribe(new TestSink());
      assertThat(state()).isEqualTo(DeviceState.OPEN);
      subscription.cancel("left");
      workers.runNext();
      workers.takeNext(); // the closing never returns
      pass(Duration.ofSeconds(3));
      assertThat(state()).isEqualTo(DeviceState.CLOSED);
      pass(Duration.ofHours(1));
    }
    assertUsable();
  }

  @Test
  void threeAbandonedClosingsAtOnce_areTriedAgainAfterAMinute() throws Exception {
    for (int i = 0; i < 3; i++) {
      Subscription subscription = subscribe(new TestSink());
      subscription.cancel("left");
      workers.runNext();
      workers.takeNext();
      pass(Duration.ofSeconds(3));
    }
    assertThat(state()).isEqualTo(DeviceState.NOT_RESPONDING);
    subscribe(sink);
    assertThat(sink.ends).containsExactly(Reason.DEVICE_BUSY);

    pass(Duration.ofMinutes(1));
    assertThat(state()).isEqualTo(DeviceState.CLOSED);
    assertUsable();
  }

  @Test
  void observerThatThrowsInEachMethod_changesNothing() throws Exception {
    RecordingObserver recorder = new RecordingObserver();
    hub = hub(HubObserver.all(List.of(new FailingObserver(), recorder)), Set.of());
    Subscription subscription = subscribe(sink);
    devices.lastCapture().deliver(0);
    devices.lastCapture().deliver(480);
    workers.runAll();
    assertThat(sink.frames).isEqualTo(2);
    devices.lastCapture().listener.onLost("unplugged");
    workers.runAll();
    assertThat(sink.ends).containsExactly(Reason.DEVICE_LOST);
    assertThat(subscription.isClosed()).isTrue();
    assertUsable();
    assertThat(recorder.events)
        .containsExactly(
            "opened",
            "closed: lost: unplugged, true",
            "opened",
            "closed: no subscriptions left, true");
    assertThat(hub.subscriptions()).isEmpty();
  }

  /** A single observer is not combined with others, and is guarded, too. */
  @Test
  void onlyObserverThatThrows_changesNothing() throws Exception {
    hub = hub(new FailingObserver(), Set.of());
    assertUsable();
    assertThat(state()).isEqualTo(DeviceState.CLOSED);
    assertThat(devices.lastCapture().closed).isTrue();
  }

  @ParameterizedTest
  @ValueSource(strings = {"isReady", "onStarted", "onFrame", "onNotice", "onEnd"})
  void sinkThatThrows_endsOnlyItsSubscription(String method) throws Exception {
    TestSink other = new TestSink();
    subscribe(other);
    sink.failing = method;
    sink.failure = new InternalError("Java heap space");
    subscribe(sink);
    devices.lastCapture().deliver(0);
    devices.lastCapture().listener.onSilence(true);
    workers.runAll();
    devices.lastCapture().deliver(0);
    if (method.equals("onEnd")) {
      devices.lastCapture().listener.onLost("unplugged");
      workers.runAll();
      assertThat(sink.ends).containsExactly(Reason.DEVICE_LOST);
      assertThat(other.ends).containsExactly(Reason.DEVICE_LOST);
      return;
    }
    workers.runAll();
    assertThat(sink.ends).containsExactly(Reason.SERVER_FAILED);
    assertThat(sink.messages.get(0)).contains("Java heap space");
    assertThat(other.frames).isEqualTo(2);
    assertThat(other.ends).isEmpty();
    assertThat(hub.subscriptions()).hasSize(1);
    assertThat(hub.devices().get(0).subscriberCount()).isEqualTo(1);
  }

  @Test
  void sinkThatThrowsWhileItsLastFramesAreSent_hearsTheReason() throws Exception {
    subscribe(sink);
    sink.ready = false;
    devices.lastCapture().deliver(0);
    sink.ready = true;
    sink.failing = "onFrame";
    devices.lastCapture().listener.onLost("unplugged");
    workers.runAll();
    assertThat(sink.ends).containsExactly(Reason.DEVICE_LOST);
  }

  @Test
  void deviceThatLosesSamplesWithEachPeriod_postsOneMessage() throws Exception {
    List<Long> lost = new ArrayList<>();
    hub =
        hub(
            new HubObserver() {
              @Override
              public void onOverrun(String deviceId, long samples, PcmFormat format) {
                lost.add(samples);
              }
            },
            Set.of());
    subscribe(sink);
    devices.lastCapture().deliver(0);
    workers.runAll();
    for (int i = 0; i < 100; i++) {
      devices.lastCapture().deliver(10);
    }
    assertThat(lost).isEmpty(); // not on the capture thread
    assertThat(workers.size()).isEqualTo(1);
    workers.runAll();
    assertThat(lost).containsExactly(1_000L);
  }

  @Test
  void subscriberThatReadsNothing_isEvictedEvenIfNoNewFrameComes() throws Exception {
    subscribe(sink);
    devices.lastCapture().deliver(0);
    sink.ready = false;
    devices.lastCapture().deliver(0);
    for (int i = 0; i < 62; i++) {
      devices.lastCapture().periods++; // the device is well, but no frame is complete
      pass(Duration.ofMillis(500));
    }
    assertThat(sink.ends).containsExactly(Reason.SUBSCRIBER_STALLED);
  }
}
