package dev.lavalier.hub;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lavalier.audio.PolyphaseFilters;
import dev.lavalier.common.StreamException;
import dev.lavalier.common.StreamException.Reason;
import dev.lavalier.testing.ManualTimeSource;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/**
 * Tests the moments at which a device is opened and closed. The test runs the tasks of the workers
 * one at a time, so a call into the sound system takes as long as the test wants.
 */
final class DeviceActorTest {

  private final ManualTimeSource timeSource = new ManualTimeSource();
  private final ManualWorkers workers = new ManualWorkers();
  private final FakeDevices devices = new FakeDevices();
  private final RecordingObserver observer = new RecordingObserver();
  private final SubscriptionQuotas quotas =
      new SubscriptionQuotas(SubscriberLimits.DEFAULTS, ResourceLimits.NONE);
  private final DeviceActor actor =
      new DeviceActor(
          FakeDevices.DEVICE,
          new DeviceServices(
              devices,
              timeSource,
              new PolyphaseFilters(),
              Duration.ZERO,
              quotas,
              workers,
              observer,
              () -> {}));
  private final TestSink sink = new TestSink();

  private Subscription subscription() throws StreamException {
    Subscriber subscriber = new Subscriber("ann", "127.0.0.1:1");
    SubscriptionSpec spec = FakeDevices.spec(OnDeviceLoss.FAIL);
    return new Subscription(
        1,
        subscriber,
        spec,
        new DeliveryLoop(Runnable::run),
        sink,
        actor,
        quotas.acquire(subscriber, spec.deviceId(), SubscriptionCost.of(spec, spec.conversion())),
        new Subscription.SubscriptionServices(
            timeSource, Duration.ofSeconds(30), HubObserver.NONE, (ended, reason) -> {}));
  }

  private Subscription subscribe() throws StreamException {
    Subscription subscription = subscription();
    actor.subscribe(subscription);
    workers.runAll();
    return subscription;
  }

  @Test
  void subscriptionThatEndsBeforeItArrives_doesNotOpenTheDevice() throws Exception {
    Subscription subscription = subscription();
    subscription.fail(new StreamException(Reason.NOT_AUTHENTICATED, "revoked"));
    actor.subscribe(subscription);
    workers.runAll();
    assertThat(devices.captures).isEmpty();
    assertThat(actor.published().state()).isEqualTo(DeviceState.CLOSED);
    assertThat(actor.published().subscriberCount()).isZero();
    assertThat(sink.ends).containsExactly(Reason.NOT_AUTHENTICATED);
  }

  @Test
  void stopWhileOpening_closesTheDeviceBeforeItStarts() {
    actor.keepOpen();
    workers.runNext(); // the actor; the opening waits
    CompletableFuture<Void> stopped = actor.stop();
    Runnable opening = workers.takeNext();
    workers.runAll();
    assertThat(stopped).isNotDone();
    opening.run();
    workers.runAll();
    assertThat(stopped).isDone();
    assertThat(devices.captures).singleElement().matches(c -> !c.started && c.closed);
    assertThat(actor.published().state()).isEqualTo(DeviceState.CLOSED);
    assertThat(observer.events).containsExactly("opened", "closed: the server is stopping, true");
  }

  @Test
  void openingThatCompletesAfterTheWorkersHaveStopped_closesTheDevice() {
    actor.keepOpen();
    workers.runNext();
    Runnable opening = workers.takeNext();
    var unused = actor.stop();
    workers.shutdown();
    opening.run();
    workers.runAll();
    assertThat(devices.captures).singleElement().matches(c -> !c.started && c.closed);
  }

  @Test
  void openingThatFailsInTheActor_refusesTheSubscriptionAndClosesTheDevice() throws Exception {
    devices.failing = "periodSamples";
    subscribe();
    assertThat(sink.ends).containsExactly(Reason.DEVICE_BUSY);
    assertThat(devices.captures).singleElement().matches(c -> c.closed);
    assertThat(actor.published().state()).isEqualTo(DeviceState.CLOSED);

    devices.failing = "";
    subscribe();
    assertThat(actor.published().state()).isEqualTo(DeviceState.OPEN);
  }

  @Test
  void abandonedClosing_leavesTheDeviceUsable() throws Exception {
    Subscription first = subscribe();
    assertThat(actor.published().state()).isEqualTo(DeviceState.OPEN);
    first.cancel("left");
    workers.runNext(); // the actor; the closing waits
    Runnable closing = workers.takeNext();
    assertThat(actor.published().state()).isEqualTo(DeviceState.CLOSING);
    timeSource.advance(Duration.ofSeconds(3));
    workers.runAll();
    assertThat(actor.published().state()).isEqualTo(DeviceState.CLOSED);

    subscribe();
    assertThat(actor.published().state()).isEqualTo(DeviceState.OPEN);
    closing.run();
    workers.runAll();
    assertThat(actor.published().state()).isEqualTo(DeviceState.OPEN);
    assertThat(devices.captures).extracting(c -> c.closed).containsExactly(true, false);
  }

  @Test
  void closingThatCompletesTogetherWithItsTimeout_isReportedOnce() throws Exception {
    Subscription first = subscribe();
    first.cancel("left");
    workers.runNext(); // the actor; the closing waits
    Runnable closing = workers.takeNext();
    timeSource.advance(Duration.ofSeconds(3));
    closing.run();
    workers.runAll();
    assertThat(observer.events).containsExactly("opened", "closed: no subscriptions left, true");
  }
}
