package dev.lavalier.hub;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lavalier.common.StreamException;
import dev.lavalier.common.StreamException.Reason;
import dev.lavalier.testing.ManualTimeSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Tests the hub on one thread: the test runs the tasks of the workers. */
final class HubTest {

  private final FakeDevices devices = new FakeDevices();
  private final ManualWorkers workers = new ManualWorkers();

  private Hub hub(HubObserver observer, Set<String> keptOpen) {
    return devices.hub(new ManualTimeSource(), observer, keptOpen, workers);
  }

  /** Returns a hub in which something happens while a caller subscribes. */
  private Hub hubWhileSubscribing(Consumer<Hub> event) {
    Hub[] hub = new Hub[1];
    hub[0] =
        hub(
            new HubObserver() {
              @Override
              public void onSubscribed(SubscriptionStatus subscription) {
                event.accept(hub[0]);
              }
            },
            Set.of());
    return hub[0];
  }

  @Test
  void stop_returnsAtOnceAndCompletesWhenTheDevicesAreClosed() {
    Hub hub = hub(HubObserver.NONE, Set.of(FakeDevices.DEVICE));
    hub.start();
    workers.runAll();
    assertThat(devices.captures).singleElement().matches(c -> c.started);

    CompletableFuture<Void> stopped = hub.stop();
    assertThat(stopped).isNotDone();
    assertThat(hub.stop()).isSameAs(stopped);
    workers.runAll();
    assertThat(stopped).isCompleted();
    assertThat(devices.captures).singleElement().matches(c -> c.closed);
    hub.close();
    assertThat(workers.isShutdown()).isTrue();
  }

  /** Subscribes a caller whose access has been revoked. */
  private void subscribe(Hub hub, TestSink sink) throws StreamException {
    hub.subscribe(
        new Subscriber("bob", "1.2.3.4:5", new Revoked()),
        FakeDevices.spec(OnDeviceLoss.FAIL),
        new DeliveryLoop(Runnable::run),
        sink);
    workers.runAll();
  }

  @Test
  void accessRevokedWhileSubscribing_doesNotOpenTheDevice() throws Exception {
    Hub hub = hubWhileSubscribing(Hub::revokeUnauthorized);
    TestSink sink = new TestSink();
    subscribe(hub, sink);
    assertThat(sink.ends).containsExactly(Reason.NOT_AUTHENTICATED);
    assertThat(hub.subscriptions()).isEmpty();
    assertThat(devices.captures).isEmpty();
    assertThat(hub.devices().get(0).state()).isEqualTo(DeviceState.CLOSED);
    assertThat(hub.devices().get(0).subscriberCount()).isZero();
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void hubClosedWhileSubscribing_endsTheSubscription(boolean workersGone) throws Exception {
    Hub hub =
        hubWhileSubscribing(
            stopping -> {
              var unused = stopping.stop();
              workers.runAll();
              if (workersGone) {
                stopping.close();
              }
            });
    TestSink sink = new TestSink();
    subscribe(hub, sink);
    assertThat(sink.ends).containsExactly(Reason.SERVER_STOPPING);
    assertThat(hub.subscriptions()).isEmpty();
    assertThat(devices.captures).isEmpty();
  }

  @Test
  void stopWhileAnAlwaysOnDeviceOpens_closesIt() {
    Hub hub = hub(HubObserver.NONE, Set.of(FakeDevices.DEVICE));
    hub.start();
    workers.runNext();
    Runnable opening = workers.takeNext();
    CompletableFuture<Void> stopped = hub.stop();
    workers.runAll();
    opening.run();
    workers.runAll();
    assertThat(stopped).isCompleted();
    assertThat(devices.captures).singleElement().matches(c -> c.closed && !c.started);
  }

  @Test
  void failingAccessCheck_doesNotKeepTheOthersFromBeingChecked() throws Exception {
    Hub hub = hub(HubObserver.NONE, Set.of());
    TestSink sink = new TestSink();
    AccessCheck broken =
        new AccessCheck() {
          @Override
          public Optional<StreamException> denialReason() {
            throw new IllegalStateException("the check is broken");
          }
        };
    DeviceWatch.Sink ignored = new IgnoringWatch(sink);
    for (AccessCheck check : List.of(broken, new Revoked(), broken)) {
      hub.watch(
          new Subscriber("bob", "1.2.3.4:5", check),
          id -> true,
          new DeliveryLoop(Runnable::run),
          ignored);
    }
    hub.revokeUnauthorized();
    assertThat(sink.ends).containsExactly(Reason.NOT_AUTHENTICATED);
  }

  @Test
  void watchWhoseSinkThrows_ends() {
    Hub hub = hub(HubObserver.NONE, Set.of());
    TestSink sink = new TestSink();
    IgnoringWatch watch = new IgnoringWatch(sink);
    watch.failing = true;
    hub.watch(
        new Subscriber("bob", "1.2.3.4:5"), id -> true, new DeliveryLoop(Runnable::run), watch);
    assertThat(sink.ends).containsExactly(Reason.SERVER_FAILED);
  }

  @Test
  void watchThatIsCancelledBeforeItsEndIsReported_isNotCalledAnyMore() {
    Hub hub = hub(HubObserver.NONE, Set.of());
    TestSink sink = new TestSink();
    List<Runnable> onLoop = new ArrayList<>();
    DeviceWatch watch =
        hub.watch(
            new Subscriber("bob", "1.2.3.4:5", new Revoked()),
            id -> true,
            new DeliveryLoop(onLoop::add),
            new IgnoringWatch(sink));
    hub.revokeUnauthorized();
    watch.cancel();
    for (int i = 0; i < onLoop.size(); i++) { // a task can add others
      onLoop.get(i).run();
    }
    assertThat(sink.ends).isEmpty();
  }

  private static final class Revoked implements AccessCheck {
    @Override
    public Optional<StreamException> denialReason() {
      return Optional.of(new StreamException(Reason.NOT_AUTHENTICATED, "revoked"));
    }

    @Override
    public Optional<StreamException> denialReason(String deviceId) {
      return denialReason();
    }
  }

  /** Reports only its end. */
  private static final class IgnoringWatch implements DeviceWatch.Sink {
    private final TestSink ends;
    boolean failing;

    IgnoringWatch(TestSink ends) {
      this.ends = ends;
    }

    @Override
    public boolean isReady() {
      return true;
    }

    @Override
    public void onSnapshot(List<DeviceStatus> devices) {
      if (failing) {
        throw new InternalError("Java heap space");
      }
    }

    @Override
    public void onChanged(DeviceStatus device) {}

    @Override
    public void onRemoved(String deviceId) {}

    @Override
    public void onEnd(StreamException reason) {
      ends.onEnd(reason);
    }
  }
}
