package dev.lavalier.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.lavalier.testing.LavalierExtension;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Tests the library with a real server, in process and in virtual time. */
final class LavalierClientTest {

  @RegisterExtension final LavalierExtension lavalier = LavalierExtension.withManualTime();

  private LavalierClient client() {
    return LavalierClient.over(
        lavalier.channel(), TimeSource.withNanoTime(lavalier.timeSource()::nanoTime));
  }

  @Test
  void devicesAreListed() throws Exception {
    List<Device> devices = client().listDevices();
    assertThat(devices).hasSize(1);
    Device tone = devices.get(0);
    assertThat(tone.deviceId()).isEqualTo("tone");
    assertThat(tone.isDefault()).isTrue();
    assertThat(tone.state()).isEqualTo(DeviceState.CLOSED);
    assertThat(tone.captureFormat()).hasToString("48000/2/s16le");
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
  void framesAreReceived() throws Exception {
    try (FrameStream frames = client().stream(StreamOptions.defaults().withFrameSize(480))) {
      StreamStart start = frames.start();
      assertThat(start.deviceId()).isEqualTo("tone");
      assertThat(start.frameSize()).isEqualTo(480);
      assertThat(start.maxLatency()).isEqualTo(Duration.ofMillis(200));
      lavalier.advance(Duration.ofMillis(30), 1);

      Iterator<Frame> iterator = frames.iterator();
      for (int k = 0; k < 3; k++) {
        Frame frame = iterator.next();
        assertThat(frame.sampleIndex()).isEqualTo(480L * k);
        assertThat(frame.pcm().remaining()).isEqualTo(480 * 4);
        assertThat(frame.pcm().order()).isEqualTo(ByteOrder.LITTLE_ENDIAN);
        assertThat(frame.pcm().isReadOnly()).isTrue();
        assertThat(frame.gap()).isEmpty();
        assertThat(frame.captureTimeUnixNanos()).isEqualTo(start.epoch() * 1_000 + k * 10_000_000L);
      }
    }
    lavalier.timeSource().awaitSleepers(0);
    assertThat(client().listDevices().get(0).subscriberCount()).isZero();
  }

  @Test
  void framesAreReceivedInRequestedFormat() throws Exception {
    StreamOptions options =
        StreamOptions.defaults()
            .withFormat(PcmFormat.parse("16000/1/f32le"))
            .withChannelMap(List.of(2));
    try (FrameStream frames = client().stream(options)) {
      StreamStart start = frames.start();
      assertThat(start.format()).hasToString("16000/1/f32le");
      assertThat(start.captureFormat()).hasToString("48000/2/s16le");
      assertThat(start.conversion())
          .hasValue(new Conversion(List.of(2), true, false, Duration.ofMillis(4)));
      lavalier.advance(Duration.ofMillis(30), 1);
      assertThat(frames.read().pcm().remaining()).isEqualTo(320 * 4);
    }
    lavalier.timeSource().awaitSleepers(0);
    try (FrameStream frames = client().stream(StreamOptions.defaults())) {
      assertThat(frames.start().conversion()).isEmpty();
    }
  }

  @Test
  void slowReaderLosesFramesOnServerAndGetsGap() throws Exception {
    try (FrameStream frames = client().stream(StreamOptions.defaults().withFrameSize(480))) {
      lavalier.advance(Duration.ofSeconds(5), 1);
      long expected = 0;
      long missing = 0;
      while (expected < 5 * 48_000) {
        Frame frame = frames.read();
        long gap = frame.gap().map(Gap::sampleCount).orElse(0L);
        assertThat(frame.sampleIndex()).isEqualTo(expected + gap);
        expected = frame.sampleIndex() + 480;
        missing += gap;
      }
      // At most 200 ms waited on the server, and a few frames in this client.
      assertThat(missing).isGreaterThan(480 * (500 - 20 - 10));
    }
  }

  @Test
  void closeReleasesWaitingReader() throws Exception {
    ExecutorService other = Executors.newSingleThreadExecutor();
    try {
      FrameStream frames = client().stream(StreamOptions.defaults());
      lavalier.timeSource().awaitSleepers(1);
      Future<Frame> reading = other.submit(frames::read);
      frames.close();
      assertThat(reading.get(10, TimeUnit.SECONDS)).isNull();
      assertThat(frames.read()).isNull();
      assertThat(frames.iterator().hasNext()).isFalse();
      frames.close();
    } finally {
      other.shutdownNow();
    }
    lavalier.timeSource().awaitSleepers(0);
  }

  @Test
  void closedClientEndsItsStreams() throws Exception {
    LavalierClient client = client();
    try (FrameStream frames = client.stream(StreamOptions.defaults())) {
      lavalier.timeSource().awaitSleepers(1);
      client.close();
      assertThat(frames.read()).isNull();
    }
    lavalier.timeSource().awaitSleepers(0);
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
  void rejectedCallThrowsCheckedException() {
    assertThatExceptionOfType(LavalierException.class)
        .isThrownBy(() -> client().stream(StreamOptions.defaults().withDeviceId("moon")))
        .withMessage("device_id: moon (expected: one of tone)")
        .satisfies(e -> assertThat(e.kind()).isEqualTo(LavalierException.Kind.DEVICE_NOT_FOUND));
    assertThatExceptionOfType(LavalierException.class)
        .isThrownBy(
            () -> client().stream(StreamOptions.defaults().withMaxLatency(Duration.ofMinutes(2))))
        .satisfies(e -> assertThat(e.kind()).isEqualTo(LavalierException.Kind.INVALID_REQUEST));
  }

  @Test
  void serverStopThrowsInLoop() throws Exception {
    StreamOptions once = StreamOptions.defaults().withReconnect(Duration.ZERO);
    try (FrameStream frames = client().stream(once)) {
      lavalier.hub().close();
      assertThatExceptionOfType(UncheckedLavalierException.class)
          .isThrownBy(() -> frames.forEach(frame -> {}))
          .satisfies(
              e -> assertThat(e.getCause().kind()).isEqualTo(LavalierException.Kind.UNAVAILABLE));
    }
  }
}
