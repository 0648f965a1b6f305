package dev.lavalier.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lavalier.testing.LavalierExtension;
import dev.lavalier.testing.TestSubscriber;
import dev.lavalier.v1.AudioCaptureGrpc;
import dev.lavalier.v1.Device;
import dev.lavalier.v1.DeviceState;
import dev.lavalier.v1.StreamFramesRequest;
import dev.lavalier.v1.WatchDevicesRequest;
import dev.lavalier.v1.WatchDevicesResponse;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.StreamObserver;
import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Tests the updates of WatchDevices. */
final class WatchDevicesTest {

  private static final long TIMEOUT_SECONDS = 10;

  @RegisterExtension
  final LavalierExtension lavalier = LavalierExtension.withManualTime().withScripted("mic");

  private final BlockingQueue<WatchDevicesResponse> received = new LinkedBlockingQueue<>();
  private final CompletableFuture<Status> ended = new CompletableFuture<>();

  @BeforeEach
  void watch() {
    AudioCaptureGrpc.newStub(lavalier.channel())
        .watchDevices(
            WatchDevicesRequest.getDefaultInstance(),
            new StreamObserver<>() {
              @Override
              public void onNext(WatchDevicesResponse response) {
                received.add(response);
              }

              @Override
              public void onError(Throwable error) {
                ended.complete(((StatusRuntimeException) error).getStatus());
              }

              @Override
              public void onCompleted() {
                ended.complete(Status.OK);
              }
            });
  }

  private WatchDevicesResponse next() throws InterruptedException {
    WatchDevicesResponse response = received.poll(TIMEOUT_SECONDS, TimeUnit.SECONDS);
    assertThat(response).isNotNull();
    return response;
  }

  /** Waits for a state. Quick changes can be combined in one update. */
  private Device awaitDevice(Predicate<Device> wanted) throws InterruptedException {
    Device device = next().getDevice();
    while (!wanted.test(device)) {
      device = next().getDevice();
    }
    return device;
  }

  @Test
  void snapshotIsFollowedByEachChange() throws Exception {
    assertThat(next().getSnapshot().getDevicesList())
        .extracting(Device::getDeviceId)
        .containsExactly("mic", "tone");

    TestSubscriber subscriber =
        lavalier
            .subscribe(StreamFramesRequest.newBuilder().setDeviceId("mic").build())
            .requestAll();
    Device open = awaitDevice(d -> d.getState() == DeviceState.DEVICE_STATE_OPEN);
    assertThat(open.getDeviceId()).isEqualTo("mic");
    assertThat(open.getSubscriberCount()).isEqualTo(1);
    subscriber.cancel();
    Device closed = awaitDevice(d -> d.getState() == DeviceState.DEVICE_STATE_CLOSED);
    assertThat(closed.getSubscriberCount()).isZero();
  }

  @Test
  void removedAndReturningDeviceIsReported() throws Exception {
    next();
    lavalier.script("mic").unplug();
    lavalier.timeSource().advance(Duration.ofSeconds(3));
    WatchDevicesResponse removed = next();
    assertThat(removed.getRemovedDeviceId()).isEqualTo("mic");
    // The tone is now the default device, which is a change too.
    Device tone = next().getDevice();
    assertThat(tone.getDeviceId()).isEqualTo("tone");
    assertThat(tone.getIsDefault()).isTrue();

    lavalier.script("mic").plug();
    // The next poll of the registry may not be due yet.
    lavalier.advanceUntil(Duration.ofSeconds(1), () -> !received.isEmpty());
    assertThat(awaitDevice(d -> d.getDeviceId().equals("mic")).getIsDefault()).isTrue();
  }

  @Test
  void watchEndsWhenServerStops() throws Exception {
    next();
    lavalier.hub().close();
    Status status = ended.get(TIMEOUT_SECONDS, TimeUnit.SECONDS);
    assertThat(status.getCode()).isEqualTo(Status.Code.UNAVAILABLE);
    assertThat(status.getDescription()).isEqualTo("the server is stopping; try again later");
  }
}
