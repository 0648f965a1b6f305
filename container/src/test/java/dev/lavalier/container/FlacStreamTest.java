package dev.lavalier.container;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Tests frames in a stream of FLAC. Other programs decode them in the programs' tests. */
final class FlacStreamTest {

  private static final int BLOCK = 480;

  private static byte[] noise(SampleFormat format) {
    byte[] pcm = new byte[BLOCK * format.bytesPerSampleFrame()];
    new Random(1).nextBytes(pcm);
    return pcm;
  }

  @ParameterizedTest
  @CsvSource({"48000, 2", "16000, 2", "11025, 3", "47981, 2", "96000, 3", "655360, 2"})
  void numbersBeginWithZero(int rate, int bytes) {
    SampleFormat format = new SampleFormat(rate, 2, bytes, false);
    byte[] pcm = noise(format);
    FlacEncoder encoder = new FlacEncoder(format, BLOCK);
    FlacStream stream = new FlacStream(format, BLOCK);
    for (long k = 0; k < 300; k++) {
      byte[] frame = encoder.encode(pcm, 0x7fff_ff80L + k); // the numbers wrap
      assertThat(stream.add(frame)).isEqualTo(encoder.encode(pcm, k));
    }
  }

  @Test
  void gapIsFramesOfSilence() {
    SampleFormat format = new SampleFormat(48_000, 1, 2, false);
    FlacEncoder encoder = new FlacEncoder(format, BLOCK);
    byte[] silence = new byte[2 * BLOCK];
    FlacStream stream = new FlacStream(format, BLOCK);
    ByteArrayOutputStream expected = new ByteArrayOutputStream();
    expected.writeBytes(encoder.encode(silence, 0));
    expected.writeBytes(encoder.encode(silence, 1));
    assertThat(stream.addSilence(2 * BLOCK + 1)).isEqualTo(expected.toByteArray());
    byte[] frame = encoder.encode(noise(format), 9);
    assertThat(stream.add(frame)).isEqualTo(encoder.encode(noise(format), 2));
    assertThat(stream.addSilence(BLOCK - 2)).isEmpty();
    assertThat(stream.addSilence(1)).isEqualTo(encoder.encode(silence, 3));
  }

  @Test
  void otherBytesAreRejected() {
    FlacStream stream = new FlacStream(new SampleFormat(48_000, 1, 2, false), BLOCK);
    for (byte[] bytes :
        new byte[][] {
          {}, new byte[20], {(byte) 0xff, (byte) 0xf8, 0x77, 0, (byte) 0xfe, 1, 2, 3}
        }) {
      assertThatThrownBy(() -> stream.add(bytes))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("packet: malformed (expected: a frame of FLAC)");
    }
  }
}
