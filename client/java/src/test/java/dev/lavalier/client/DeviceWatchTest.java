package dev.lavalier.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.lavalier.client.LavalierException.Kind;
import dev.lavalier.v1.AudioFormat;
import dev.lavalier.v1.DeviceSnapshot;
import dev.lavalier.v1.WatchDevicesResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Tests a watch whose server becomes unreachable. Time passes only while the watch waits. */
final class DeviceWatchTest {

  private static final long MS = 1_000_000;

  @RegisterExtension final FakeServer server = new FakeServer();

  private final List<Long> waitsMs = new ArrayList<>();
  private final List<Notice> notices = new ArrayList<>();
  private Runnable onWait = () -> {};
  private long now = 77_000_000_000L;

  private final TimeSource timeSource = new TimeSource(() -> now, this::recordWait, () -> 1);

  private boolean recordWait(CountDownLatch latch, long nanos) {
    if (latch.getCount() == 0) {
      return true;
    }
    waitsMs.add(nanos / MS);
    now += nanos;
    onWait.run();
    return latch.getCount() == 0;
  }

  private DeviceWatch watch(Duration reconnect) throws LavalierException {
    DeviceWatch watch = server.client(timeSource).watchDevices(reconnect);
    watch.onNotice(notices::add);
    return watch;
  }

  private static List<WatchDevicesResponse> snapshot(String... ids) {
    DeviceSnapshot.Builder snapshot = DeviceSnapshot.newBuilder();
    for (String id : ids) {
      snapshot.addDevices(
          dev.lavalier.v1.Device.newBuilder()
              .setDeviceId(id)
              .setCaptureFormat(AudioFormat.newBuilder().setEncodingValue(1)));
    }
    return List.of(WatchDevicesResponse.newBuilder().setSnapshot(snapshot).build());
  }

  private static List<String> ids(List<Device> devices) {
    return devices.stream().map(Device::deviceId).toList();
  }

  @Test
  void watchReturnsDevicesOfServerThatReturned() throws Exception {
    server.setDeviceChanges(snapshot("one", "two"));
    server.thenSetDeviceChanges(List.of()); // it stops again at once
    server.thenSetDeviceChanges(snapshot("two", "three"));
    try (DeviceWatch watch = watch(Duration.ofMinutes(5))) {
      assertThat(ids(watch.read())).containsExactly("one", "two");
      assertThat(ids(watch.read())).containsExactly("two", "three");
      assertThat(waitsMs).containsExactly(250L, 500L);
      assertThat(notices)
          .containsExactly(
              new Notice(
                  Notice.Kind.RECONNECTING,
                  "connection lost, reconnecting for at most 300 s: that was all"),
              new Notice(Notice.Kind.RECONNECTED, "reconnected after 0.8 s"));
    }
  }

  @Test
  void watchEndsIfServerDoesNotReturnInTime() throws Exception {
    server.setDeviceChanges(snapshot("one"));
    server.thenSetDeviceChanges(List.of());
    try (DeviceWatch watch = watch(Duration.ofSeconds(2))) {
      watch.read();
      assertUnavailable(watch);
      assertThat(waitsMs).containsExactly(250L, 500L, 1_000L, 250L);
    }
  }

  @Test
  void watchWithoutTimeForReconnectionEndsAtFirstLoss() throws Exception {
    server.setDeviceChanges(snapshot("one"));
    try (DeviceWatch watch = server.client(timeSource).watchDevices()) {
      watch.read();
      assertUnavailable(watch);
      assertThat(waitsMs).isEmpty();
    }
  }

  @Test
  void serverThatWasNeverReachedIsReportedAtOnce() throws Exception {
    try (DeviceWatch watch = watch(Duration.ofMinutes(5))) {
      assertUnavailable(watch);
      assertThat(waitsMs).isEmpty();
    }
  }

  @Test
  void closeEndsTheWaitForReconnection() throws Exception {
    server.setDeviceChanges(snapshot("one"));
    DeviceWatch watch = watch(Duration.ofMinutes(5));
    watch.read();
    onWait = watch::close;
    assertThat(watch.read()).isNull();
    assertThat(watch.read()).isNull();
    assertThat(waitsMs).containsExactly(250L);
  }

  @Test
  void closeReleasesReader() throws Exception {
    server.setDeviceChanges(snapshot("one"));
    server.keepWatchesOpen();
    DeviceWatch watch = watch(Duration.ofMinutes(5));
    watch.read();
    CompletableFuture<List<Device>> reading =
        CompletableFuture.supplyAsync(
            () -> {
              try {
                return watch.read();
              } catch (LavalierException e) {
                throw new IllegalStateException(e);
              }
            });
    watch.close();
    assertThat(reading.get(20, TimeUnit.SECONDS)).isNull();
  }

  @Test
  void negativeTimeIsRejected() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> watch(Duration.ofSeconds(-1)))
        .withMessage("reconnect: PT-1S (expected: zero or more)");
  }

  private static void assertUnavailable(DeviceWatch watch) {
    assertThatExceptionOfType(LavalierException.class)
        .isThrownBy(watch::read)
        .withMessage("that was all")
        .satisfies(e -> assertThat(e.kind()).isEqualTo(Kind.UNAVAILABLE));
  }
}
