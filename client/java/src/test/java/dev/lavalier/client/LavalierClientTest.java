package dev.lavalier.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.lavalier.testing.LavalierExtension;
import java.time.Duration;
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
  void interruptClosesStream() throws Exception {
    FrameStream frames = client().stream(StreamOptions.defaults());
    lavalier.timeSource().awaitSleepers(1);
    Thread.currentThread().interrupt();
    assertThat(frames.read()).isNull();
    assertThat(Thread.interrupted()).isTrue();
    lavalier.timeSource().awaitSleepers(0);
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
