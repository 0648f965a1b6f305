package dev.lavalier.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.lavalier.capture.script.ScriptedMicrophone;
import dev.lavalier.client.sound.AudioStreams;
import dev.lavalier.junit.LavalierExtension;
import java.io.IOException;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import javax.sound.sampled.AudioInputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Tests the library with a real server, in process and in simulated time. */
final class ClientWithServerTest {

  private static final Duration TENTH = Duration.ofMillis(100);

  @RegisterExtension
  final LavalierExtension lavalier =
      LavalierExtension.inProcess(
          ScriptedMicrophone.named("mic").tone(),
          ScriptedMicrophone.named("gap")
              .withFormat("8000/1/s16le")
              .tone(TENTH)
              .overrun(TENTH)
              .tone(TENTH));

  @AfterEach
  void noSubscriberIsLeft() throws Exception {
    lavalier.advance(Duration.ZERO); // the server has done its work
    // Another client, because a test may have closed that of the extension.
    try (LavalierClient client = LavalierClient.over(lavalier.channel())) {
      assertThat(client.listDevices()).extracting(Device::subscriberCount).containsOnly(0);
    }
  }

  @Test
  void devicesAreListed() throws Exception {
    Device mic = lavalier.client().listDevices().get(0);
    assertThat(mic.deviceId()).isEqualTo("mic");
    assertThat(mic.isDefault()).isTrue();
    assertThat(mic.state()).isEqualTo(DeviceState.CLOSED);
    assertThat(mic.captureFormat()).hasToString("48000/2/s16le");
    assertThat(mic.nodeId()).isEmpty();
  }

  @Test
  void framesAreReceived() throws Exception {
    StreamOptions options = StreamOptions.builder().frameSize(480).build();
    try (FrameStream frames = lavalier.client().stream(options)) {
      StreamStart start = frames.start();
      assertThat(start.deviceId()).isEqualTo("mic");
      assertThat(start.frameSize()).isEqualTo(480);
      assertThat(start.maxLatency()).isEqualTo(Duration.ofMillis(200));

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
  }

  @Test
  void framesAreReceivedInRequestedFormat() throws Exception {
    StreamOptions options =
        StreamOptions.builder().format("16000/1/f32le").channelMap(List.of(2)).build();
    try (FrameStream frames = lavalier.client().stream(options)) {
      StreamStart start = frames.start();
      assertThat(start.format()).hasToString("16000/1/f32le");
      assertThat(start.captureFormat()).hasToString("48000/2/s16le");
      assertThat(start.conversion())
          .hasValue(new Conversion(List.of(2), true, false, Duration.ofMillis(4)));
      assertThat(frames.read().pcm().remaining()).isEqualTo(320 * 4);
    }
    try (FrameStream frames = lavalier.client().stream(StreamOptions.defaults())) {
      assertThat(frames.start().conversion()).isEmpty();
    }
  }

  @Test
  void closeReleasesWaitingReader() throws Exception {
    ExecutorService other = Executors.newSingleThreadExecutor();
    try {
      FrameStream frames = lavalier.client().stream(StreamOptions.defaults());
      Future<?> reading = other.submit(() -> frames.forEach(frame -> {}));
      frames.close();
      assertThat(reading.get(10, TimeUnit.SECONDS)).isNull();
      assertThat(frames.read()).isNull();
      assertThat(frames.iterator().hasNext()).isFalse();
      frames.close();
    } finally {
      other.shutdownNow();
    }
  }

  @Test
  void closedClientEndsItsStreams() throws Exception {
    try (FrameStream frames = lavalier.client().stream(StreamOptions.defaults())) {
      lavalier.client().close();
      assertThat(frames.read()).isNull();
    }
  }

  @Test
  void rejectedCallThrowsCheckedException() {
    assertThatExceptionOfType(LavalierException.class)
        .isThrownBy(
            () -> lavalier.client().stream(StreamOptions.builder().deviceId("moon").build()))
        .withMessage("device_id: moon (expected: one of mic, gap)")
        .satisfies(e -> assertThat(e.kind()).isEqualTo(LavalierException.Kind.DEVICE_NOT_FOUND));
    StreamOptions tooLong = StreamOptions.builder().maxLatency(Duration.ofMinutes(2)).build();
    assertThatExceptionOfType(LavalierException.class)
        .isThrownBy(() -> lavalier.client().stream(tooLong))
        .satisfies(e -> assertThat(e.kind()).isEqualTo(LavalierException.Kind.INVALID_REQUEST));
  }

  private AudioInputStream openGap() throws LavalierException {
    return AudioStreams.of(
        lavalier.client().stream(StreamOptions.builder().deviceId("gap").frameSize(80).build()));
  }

  @Test
  void gapIsReadAsSilence() throws Exception {
    try (AudioInputStream in = openGap()) {
      assertThat(in.getFormat().toString()).contains("8000.0 Hz, 16 bit, mono");
      byte[] pcm = new byte[2 * 2_400];
      // Reads an odd number of bytes: a read of whole samples may return less than requested.
      for (int at = 0; at < pcm.length; ) {
        int count = in.read(pcm, at, Math.min(2 * 33, pcm.length - at));
        assertThat(count).isPositive();
        at += count;
      }
      for (int sample = 1; sample < 2_400; sample++) { // the tone begins with a zero
        boolean silent = pcm[2 * sample] == 0 && pcm[2 * sample + 1] == 0;
        boolean lost = sample >= 800 && sample < 1_600;
        assertThat(silent).as("sample %d", sample).isEqualTo(lost || isZeroOfTone(sample));
      }
      assertThatExceptionOfType(IOException.class)
          .isThrownBy(() -> in.read(pcm))
          .withMessageContaining("the script has ended")
          .withCauseInstanceOf(LavalierException.class);
    }
  }

  /** The tone of 440 Hz is zero at each half period that is a whole sample. */
  private static boolean isZeroOfTone(int sample) {
    int played = sample < 800 ? sample : sample - 1_600;
    return (played * 440 * 2) % 8_000 == 0;
  }

  @Test
  void closeClosesStream() throws Exception {
    AudioInputStream in = openGap();
    in.close();
    assertThat(in.read(new byte[4])).isEqualTo(-1);
  }
}
