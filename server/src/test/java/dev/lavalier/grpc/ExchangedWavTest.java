package dev.lavalier.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lavalier.audio.PcmFormat;
import dev.lavalier.capture.virtual.WavDevice;
import dev.lavalier.testing.LavalierExtension;
import dev.lavalier.testing.TestSubscriber;
import dev.lavalier.v1.NoticeKind;
import dev.lavalier.v1.OnDeviceLoss;
import dev.lavalier.v1.StreamFramesRequest;
import dev.lavalier.v1.StreamNotice;
import dev.lavalier.v1.StreamStarted;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The file of a {@code --wav} device is exchanged while a stream plays it, in manual time. */
final class ExchangedWavTest {

  private static final StreamFramesRequest WAIT =
      StreamFramesRequest.newBuilder()
          .setDeviceId("take")
          .setFrameSize(480)
          .setMaxLatencyMs(60_000)
          .setOnDeviceLoss(OnDeviceLoss.ON_DEVICE_LOSS_WAIT)
          .build();

  private final Path file = createFile();

  @RegisterExtension
  final LavalierExtension lavalier =
      LavalierExtension.withManualTime().with(WavDevice.of("take", file));

  private static Path createFile() {
    try {
      return write(Files.createTempFile("lavalier-test", ".wav"), "48000/2/s16le");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Path write(Path path, String text) throws IOException {
    PcmFormat format = PcmFormat.parse(text);
    byte[] samples = new byte[format.bytesPerSampleFrame() * 1000];
    ByteBuffer bytes = ByteBuffer.allocate(44 + samples.length).order(ByteOrder.LITTLE_ENDIAN);
    bytes.put("RIFF".getBytes(StandardCharsets.US_ASCII));
    bytes.putInt(36 + samples.length);
    bytes.put("WAVEfmt ".getBytes(StandardCharsets.US_ASCII));
    bytes.putInt(16).putShort((short) 1).putShort((short) format.channelCount());
    bytes.putInt(format.sampleRateHz());
    bytes.putInt(format.sampleRateHz() * format.bytesPerSampleFrame());
    bytes.putShort((short) format.bytesPerSampleFrame());
    bytes.putShort((short) (8 * format.encoding().bytesPerSample()));
    bytes.put("data".getBytes(StandardCharsets.US_ASCII));
    bytes.putInt(samples.length).put(samples);
    return Files.write(path, bytes.array());
  }

  @AfterEach
  void delete() throws IOException {
    Files.deleteIfExists(file);
  }

  private void exchange(String format) throws IOException {
    Path next = write(Files.createTempFile("lavalier-test", ".wav"), format);
    Files.move(next, file, StandardCopyOption.REPLACE_EXISTING);
  }

  /** Advances the time, no faster than the server works. */
  private void pass(Duration time) {
    for (long ms = 0; ms < time.toMillis(); ms += 10) {
      lavalier.timeSource().advance(Duration.ofMillis(10));
      lavalier.deviceIds(); // waits for the server
    }
  }

  @Test
  void streamIsToldAndContinuesInTheNewFormat() throws Exception {
    TestSubscriber subscriber = lavalier.subscribe(WAIT).requestAll();
    StreamStarted first = subscriber.nextStarted();
    assertThat(first.getCaptureFormat().getSampleRateHz()).isEqualTo(48_000);
    lavalier.advance(Duration.ofMillis(100), 1);
    subscriber.nextFrames(10);

    exchange("16000/1/s24le");
    StreamNotice notice = StreamNotice.getDefaultInstance();
    for (int ms = 0; ms < 2_000 && notice.getMessage().isEmpty(); ms += 10) {
      lavalier.timeSource().advance(Duration.ofMillis(10));
      notice = subscriber.next().getNotice();
    }
    assertThat(notice.getKind()).isEqualTo(NoticeKind.NOTICE_KIND_DEVICE_LOST);
    assertThat(notice.getMessage())
        .isEqualTo("take was lost: " + file + " is now 16000/1/s24le, and was 48000/2/s16le");

    pass(Duration.ofSeconds(1));
    StreamStarted second = subscriber.nextStarted();
    assertThat(second.getEpoch()).isGreaterThan(first.getEpoch());
    assertThat(second.getCaptureFormat().getSampleRateHz()).isEqualTo(16_000);
    assertThat(second.getCaptureFormat().getChannelCount()).isEqualTo(1);
    assertThat(lavalier.device("take").getCaptureFormat()).isEqualTo(second.getCaptureFormat());
    subscriber.cancel();
  }

  @Test
  void nextStreamGetsTheNewFormat() throws Exception {
    exchange("8000/1/s32le");

    TestSubscriber subscriber = lavalier.subscribe(WAIT).requestAll();

    assertThat(subscriber.nextStarted().getCaptureFormat().getSampleRateHz()).isEqualTo(8_000);
    assertThat(lavalier.device("take").getCaptureFormat().getSampleRateHz()).isEqualTo(8_000);
    subscriber.cancel();
  }
}
