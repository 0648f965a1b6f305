package dev.lavalier.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;

import dev.lavalier.testing.LavalierExtension;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Tests the library with a real server in process whose time does not pass. */
final class LavalierClientTest {

  @RegisterExtension final LavalierExtension lavalier = LavalierExtension.withManualTime();

  private LavalierClient client() {
    return LavalierClient.over(
        lavalier.channel(), TimeSource.withNanoTime(lavalier.timeSource()::nanoTime));
  }

  @Test
  void deviceChangesAreReported() throws Exception {
    try (DeviceWatch watch = client().watchDevices()) {
      assertThat(watch.read()).extracting(Device::state).containsExactly(DeviceState.CLOSED);
      try (FrameStream frames = client().stream(StreamOptions.defaults())) {
        Device tone = watch.read().get(0);
        while (tone.state() != DeviceState.OPEN) {
          tone = watch.read().get(0);
        }
        assertThat(tone.deviceId()).isEqualTo(frames.start().deviceId());
        assertThat(tone.subscriberCount()).isEqualTo(1);
      }
    }
  }

  @Test
  void interruptClosesWhatIsRead() throws Exception {
    FrameStream frames = client().stream(StreamOptions.defaults());
    LevelStream levels = client().streamLevels(LevelOptions.defaults());
    DeviceWatch watch = client().watchDevices();
    lavalier.timeSource().awaitSleepers(1);
    for (Callable<?> read : List.<Callable<?>>of(frames::read, levels::read, watch::read)) {
      Thread.currentThread().interrupt();
      assertThatExceptionOfType(LavalierException.class)
          .isThrownBy(read::call)
          .withMessage("the call was interrupted")
          .satisfies(e -> assertThat(e.kind()).isEqualTo(LavalierException.Kind.INTERRUPTED));
      assertThat(Thread.interrupted()).isTrue();
      assertThat(read.call()).isNull();
    }
    lavalier.timeSource().awaitSleepers(0);
  }

  @Test
  void closedClientEndsWhatIsRead() throws Exception {
    LavalierClient client = client();
    FrameStream frames = client.stream(StreamOptions.defaults());
    LevelStream levels = client.streamLevels(LevelOptions.defaults());
    DeviceWatch watch = client.watchDevices();
    client.close();
    assertThat(frames.read()).isNull();
    assertThat(levels.read()).isNull();
    assertThat(watch.read()).isNull();
    lavalier.timeSource().awaitSleepers(0);
  }

  @Test
  void nullArgumentIsNamed() {
    Map<String, ThrowingCallable> calls = new LinkedHashMap<>();
    calls.put("server", () -> LavalierClient.connect((String) null));
    calls.put("channel", () -> LavalierClient.over(null));
    calls.put("deviceId", () -> client().listSubscriptions(null));
    calls.put("reconnect", () -> client().watchDevices(null));
    calls.put("text", () -> PcmFormat.parse(null));
    calls.forEach(
        (name, call) -> assertThatNullPointerException().isThrownBy(call).withMessage(name));
    for (ThrowingCallable call :
        List.<ThrowingCallable>of(
            () -> LavalierClient.connect((ConnectOptions) null),
            () -> client().stream(null),
            () -> client().streamLevels(null))) {
      assertThatNullPointerException().isThrownBy(call).withMessage("options");
    }
  }

  @Test
  void serverStopThrowsInLoop() throws Exception {
    StreamOptions once = StreamOptions.builder().reconnect(Duration.ZERO).build();
    try (FrameStream frames = client().stream(once)) {
      lavalier.hub().close();
      assertThatExceptionOfType(UncheckedLavalierException.class)
          .isThrownBy(() -> frames.forEach(frame -> {}))
          .satisfies(
              e -> assertThat(e.getCause().kind()).isEqualTo(LavalierException.Kind.UNAVAILABLE));
    }
  }
}
