package dev.lavalier.client.sound;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.lavalier.client.FakeMessages;
import dev.lavalier.client.FakeServer;
import dev.lavalier.client.FrameStream;
import dev.lavalier.client.LavalierException;
import dev.lavalier.client.PcmFormat;
import dev.lavalier.client.StreamOptions;
import io.grpc.Status;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import javax.sound.sampled.AudioFormat;
import javax.sound.sampled.AudioInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class AudioStreamsTest {

  @RegisterExtension final FakeServer server = new FakeServer();

  private FrameStream stream() throws LavalierException {
    server.respondWith(
        List.of(
            FakeMessages.started(80),
            FakeMessages.frame(0, 80, 0),
            FakeMessages.frame(200, 80, 120)),
        Status.UNAVAILABLE.withDescription("gone"));
    return server.client().stream(StreamOptions.defaults().withReconnect(Duration.ZERO));
  }

  @Test
  void gapIsReadAsSilence() throws Exception {
    try (AudioInputStream in = AudioStreams.of(stream())) {
      assertThat(in.getFormat().toString()).contains("8000.0 Hz, 16 bit, mono");
      byte[] pcm = new byte[2 * 280];
      // Reads an odd number of bytes: a read of whole samples may return less than requested.
      for (int at = 0; at < pcm.length; ) {
        int count = in.read(pcm, at, Math.min(2 * 33, pcm.length - at));
        assertThat(count).isPositive();
        at += count;
      }
      for (int i = 0; i < pcm.length; i++) {
        boolean silent = i >= 2 * 80 && i < 2 * 200;
        assertThat(pcm[i]).as("byte %d", i).isEqualTo((byte) (silent ? 0 : 1));
      }
      assertThatExceptionOfType(IOException.class)
          .isThrownBy(() -> in.read(pcm))
          .withMessage("gone")
          .withCauseInstanceOf(LavalierException.class);
    }
  }

  @Test
  void closeClosesStream() throws Exception {
    FrameStream stream = stream();
    AudioInputStream in = AudioStreams.of(stream);
    in.close();
    assertThat(stream.read()).isNull();
    assertThat(in.read(new byte[4])).isEqualTo(-1);
  }

  @ParameterizedTest
  @CsvSource({
    "48000/2/s16le, PCM_SIGNED, 16, 4",
    "44100/1/s24le, PCM_SIGNED, 24, 3",
    "8000/3/s32le, PCM_SIGNED, 32, 12",
    "96000/2/f32le, PCM_FLOAT, 32, 8"
  })
  void formatIsConvertedToJavaSound(String text, String encoding, int bits, int frameBytes) {
    PcmFormat from = PcmFormat.parse(text);
    AudioFormat format = AudioStreams.format(from);
    assertThat(format.getEncoding()).hasToString(encoding);
    assertThat(format.getSampleSizeInBits()).isEqualTo(bits);
    assertThat(format.getFrameSize()).isEqualTo(frameBytes);
    assertThat(format.getChannels()).isEqualTo(from.channelCount());
    assertThat(format.getSampleRate()).isEqualTo(from.sampleRateHz());
    assertThat(format.getFrameRate()).isEqualTo(from.sampleRateHz());
    assertThat(format.isBigEndian()).isFalse();
  }
}
