package dev.lavalier.capture.virtual;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.lavalier.audio.PcmFormat;
import dev.lavalier.capture.javasound.JavaSoundFormats;
import dev.lavalier.testing.JumpingTimeSource;
import dev.lavalier.testing.SineMeter;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import javax.sound.sampled.AudioFileFormat;
import javax.sound.sampled.AudioFormat;
import javax.sound.sampled.AudioInputStream;
import javax.sound.sampled.AudioSystem;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class VirtualDeviceTest {

  private static final PcmFormat STEREO = PcmFormat.parse("48000/2/s16le");

  @TempDir Path dir;

  private static byte[] read(VirtualDevice device, PcmFormat format, int bytes) throws IOException {
    try (VirtualDevice.SampleSource source = device.open(format)) {
      byte[] pcm = new byte[bytes];
      // In pieces of an odd size, unlike the reader.
      for (int at = 0; at < bytes; at += 4 * 37) {
        source.read(pcm, at, Math.min(4 * 37, bytes - at));
      }
      return pcm;
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1})
  void toneIs440HzAtMinus12DbfsOnEveryChannel(int channel) throws IOException {
    byte[] pcm = read(new ToneDevice(), STEREO, 4 * 48_000 * 3);

    SineMeter.Reading reading =
        new SineMeter(440, 48_000).measure(SineMeter.channelOfS16(pcm, 2, channel));

    assertThat(reading.frequencyHz()).isBetween(439.999, 440.001);
    assertThat(20 * Math.log10(reading.minPeak())).isBetween(-12.01, -11.99);
    assertThat(20 * Math.log10(reading.maxPeak())).isBetween(-12.01, -11.99);
    assertThat(reading.maxPhaseStep()).isLessThan(0.001);
  }

  @Test
  void wavFilePlaysInALoop() throws IOException {
    byte[] samples = new byte[4 * 100];
    for (int i = 0; i < samples.length; i++) {
      samples[i] = (byte) i;
    }
    WavDevice device = WavDevice.of("loop", wav(samples, STEREO));

    assertThat(device.format()).isEqualTo(STEREO);
    byte[] played = read(device, STEREO, 4 * 1_000);
    for (int i = 0; i < played.length; i++) {
      assertThat(played[i]).isEqualTo(samples[i % samples.length]);
    }
  }

  @Test
  void fileOfOneSampleIsOpenedOnce() throws IOException {
    Path file = wav(new byte[] {1, 2, 3, 4}, STEREO);
    WavDevice device = WavDevice.of("click", file);
    try (VirtualDevice.SampleSource source = device.open(STEREO)) {
      Files.delete(file);
      byte[] pcm = new byte[4 * 48_000];
      source.read(pcm, 0, pcm.length);
      for (int i = 0; i < pcm.length; i++) {
        assertThat(pcm[i]).isEqualTo((byte) (1 + i % 4));
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"16000/1/s16le", "48000/2/s24le", "48000/3/s16le"})
  void fileOfAnotherFormatIsNotPlayed(String other) throws IOException {
    Path file = wav(new byte[4 * 100], STEREO);
    WavDevice device = WavDevice.of("swap", file);
    PcmFormat format = PcmFormat.parse(other);
    writeWav(new byte[format.bytesPerSampleFrame()], JavaSoundFormats.toJavaSound(format), file);

    assertThatIOException()
        .isThrownBy(() -> device.open(STEREO))
        .withMessage(
            file
                + " is now "
                + format
                + ", and was 48000/2/s16le when the server started; restart the server to use it");
  }

  @Test
  void missingFileIsNamedWithTheReason() throws IOException {
    Path file = wav(new byte[4 * 100], STEREO);
    WavDevice device = WavDevice.of("gone", file);
    Files.delete(file);
    assertThatIOException()
        .isThrownBy(() -> device.open(STEREO))
        .withMessage(file + " does not exist any more");
  }

  @Test
  void largeFileThatIsReplacedFailsAtItsEnd() throws IOException {
    byte[] large = new byte[2 * WavDevice.MAX_BYTES_IN_MEMORY];
    Path file = wav(large, STEREO);
    VirtualLine line =
        VirtualLine.open(WavDevice.of("swap", file), STEREO, 9_600, new JumpingTimeSource());
    line.start();
    line.read(new byte[large.length - 40]);
    Path next = dir.resolve("next.wav");
    PcmFormat mono = PcmFormat.parse("16000/1/s16le");
    writeWav(new byte[100], JavaSoundFormats.toJavaSound(mono), next);
    Files.move(next, file, StandardCopyOption.REPLACE_EXISTING);

    line.read(new byte[40]);
    assertThatIOException()
        .isThrownBy(() -> line.read(new byte[4]))
        .withMessageStartingWith(file + " is now 16000/1/s16le");
    line.close();
  }

  @Test
  void invalidWavFileIsRejectedInOneLine() throws IOException {
    Path text = Files.writeString(dir.resolve("notes.wav"), "not audio at all, but text");
    Path empty = wav(new byte[0], STEREO);
    Path bytes = dir.resolve("eight.wav");
    writeWav(new byte[100], new AudioFormat(8_000, 8, 1, false, false), bytes);

    assertRefused(text, "a WAV file");
    assertRefused(dir.resolve("absent.wav"), "a readable file");
    assertRefused(dir, "a readable file");
    assertRefused(empty, "at least one sample");
    assertRefused(bytes, "PCM s16le, s24le, s32le or f32le, not PCM_UNSIGNED");
  }

  private static void assertRefused(Path file, String expected) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> WavDevice.of("take", file))
        .withMessageStartingWith("wav: take=" + file + " (expected: " + expected)
        .withMessageNotContaining("\n");
  }

  private Path wav(byte[] samples, PcmFormat format) throws IOException {
    Path file = Files.createTempFile(dir, "signal", ".wav");
    writeWav(samples, JavaSoundFormats.toJavaSound(format), file);
    return file;
  }

  private static void writeWav(byte[] samples, AudioFormat format, Path file) throws IOException {
    try (AudioInputStream in =
        new AudioInputStream(
            new ByteArrayInputStream(samples), format, samples.length / format.getFrameSize())) {
      AudioSystem.write(in, AudioFileFormat.Type.WAVE, file.toFile());
    }
  }
}
