package dev.lavalier.client.sound;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lavalier.client.PcmFormat;
import javax.sound.sampled.AudioFormat;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class AudioStreamsTest {

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
