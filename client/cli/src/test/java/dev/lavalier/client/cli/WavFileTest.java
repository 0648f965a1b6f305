package dev.lavalier.client.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lavalier.client.PcmFormat;
import dev.lavalier.client.SampleEncoding;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import javax.sound.sampled.AudioInputStream;
import javax.sound.sampled.AudioSystem;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class WavFileTest {

  @TempDir Path dir;

  private FileChannel open(Path path) throws IOException {
    return FileChannel.open(path, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
  }

  @ParameterizedTest
  @CsvSource({"S16LE,1", "S16LE,2", "S16LE,6", "S24LE,1", "S24LE,2", "S32LE,2", "F32LE,1"})
  void fileIsReadableByJdk(SampleEncoding encoding, int channels) throws Exception {
    PcmFormat format = new PcmFormat(encoding, 44_100, channels);
    byte[] pcm = new byte[format.bytesPerSampleFrame() * 101];
    for (int i = 0; i < pcm.length; i++) {
      pcm[i] = (byte) (i * 7);
    }
    Path path = dir.resolve("take.wav");
    try (WavFile wav = new WavFile(open(path), format)) {
      Samples all = Samples.pcm(ByteBuffer.wrap(pcm), format.bytesPerSampleFrame());
      wav.write(all.part(0, 1), 0);
      wav.write(all.part(1, all.count() - 1), 0);
    }

    assertThat(Files.size(path) % 2).isZero();
    try (AudioInputStream in = AudioSystem.getAudioInputStream(path.toFile())) {
      assertThat(in.getFormat().getSampleRate()).isEqualTo(44_100);
      assertThat(in.getFormat().getChannels()).isEqualTo(channels);
      assertThat(in.getFormat().getSampleSizeInBits()).isEqualTo(8 * encoding.bytesPerSample());
      assertThat(in.getFrameLength()).isEqualTo(101);
      assertThat(in.readNBytes(pcm.length)).isEqualTo(pcm);
    }
  }

  @Test
  void growingFileIsCompleteExceptForLastSecond() throws Exception {
    PcmFormat format = new PcmFormat(SampleEncoding.S16LE, 8_000, 1);
    Path path = dir.resolve("growing.wav");
    try (WavFile wav = new WavFile(open(path), format)) {
      for (int i = 0; i < 250; i++) { // frames of 10 ms
        wav.write(Samples.pcm(ByteBuffer.allocate(160), 2), 0);
      }
      try (AudioInputStream in = AudioSystem.getAudioInputStream(path.toFile())) {
        assertThat(in.getFrameLength()).isBetween(16_000L, 20_000L);
      }
    }
  }

  @Test
  void existingFileIsReplaced() throws Exception {
    Path path = Files.write(dir.resolve("old.wav"), new byte[10_000]);
    new WavFile(open(path), new PcmFormat(SampleEncoding.S16LE, 8_000, 1)).close();
    assertThat(Files.size(path)).isEqualTo(80);
  }

  @Test
  void fileBecomesRf64BeyondLimit() throws Exception {
    PcmFormat format = new PcmFormat(SampleEncoding.S16LE, 8_000, 2);
    Path path = dir.resolve("large.wav");
    try (WavFile wav = new WavFile(open(path), format, 1_000)) {
      wav.write(Samples.pcm(ByteBuffer.allocate(4 * 500), 2), 0);
    }
    ByteBuffer header = ByteBuffer.wrap(Files.readAllBytes(path)).order(ByteOrder.LITTLE_ENDIAN);
    assertThat(text(header, 0)).isEqualTo("RF64");
    assertThat(header.getInt(4)).isEqualTo(-1);
    assertThat(text(header, 12)).isEqualTo("ds64");
    assertThat(header.getInt(16)).isEqualTo(28);
    assertThat(header.getLong(20)).isEqualTo(Files.size(path) - 8);
    assertThat(header.getLong(28)).isEqualTo(2_000);
    assertThat(header.getLong(36)).isEqualTo(500);
    assertThat(text(header, 72)).isEqualTo("data");
    assertThat(header.getInt(76)).isEqualTo(-1);
  }

  private static String text(ByteBuffer from, int at) {
    byte[] four = new byte[4];
    from.get(at, four);
    return new String(four, StandardCharsets.US_ASCII);
  }
}
