package dev.lavalier.capture.virtual;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIOException;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.lavalier.audio.PcmFormat;
import dev.lavalier.capture.line.LineSettings;
import dev.lavalier.common.StreamException;
import dev.lavalier.testing.JumpingTimeSource;
import dev.lavalier.testing.SineMeter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
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
  void fileOfOneSampleIsReadOnce() throws IOException {
    Path file = wav(new byte[] {1, 2, 3, 4}, STEREO);
    WavDevice device = WavDevice.of("click", file);
    try (VirtualDevice.SampleSource source = device.open(STEREO)) {
      byte[] pcm = new byte[4 * 47_999];
      source.read(pcm, 0, pcm.length);
      for (int i = 0; i < pcm.length; i++) {
        assertThat(pcm[i]).isEqualTo((byte) (1 + i % 4));
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"16000/1/s16le", "48000/2/s24le", "48000/3/s16le"})
  void fileOfAnotherFormatIsNotPlayedInTheFormatOfTheFirst(String other) throws IOException {
    Path file = wav(new byte[4 * 100], STEREO);
    WavDevice device = WavDevice.of("swap", file);
    PcmFormat format = PcmFormat.parse(other);
    writeWav(new byte[format.bytesPerSampleFrame()], format, file);

    assertThatIOException()
        .isThrownBy(() -> device.open(STEREO))
        .withMessage(file + " is now " + format + ", and was 48000/2/s16le");
    assertThat(device.refreshed().format()).isEqualTo(format);
    device.refreshed().open(format).close();
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

  /** Plays seconds of audio in periods, and returns what was played. */
  private static byte[] playSeconds(VirtualLine line, int seconds) throws IOException {
    byte[] all = new byte[seconds * 4 * 48_000];
    byte[] period = new byte[4 * 480];
    for (int at = 0; at < all.length; at += period.length) {
      line.read(period);
      System.arraycopy(period, 0, all, at, period.length);
    }
    return all;
  }

  private static VirtualLine playing(Path file) throws IOException {
    VirtualLine line =
        VirtualLine.open(WavDevice.of("swap", file), STEREO, 9_600, new JumpingTimeSource());
    line.start();
    playSeconds(line, 1);
    return line;
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 100, 1_000_000})
  void exchangedFileOfAnotherFormatEndsTheLineWithinASecond(int samples) throws IOException {
    Path file = wav(new byte[4 * samples], STEREO);
    try (VirtualLine line = playing(file)) {
      Path next = wav(new byte[100], PcmFormat.parse("16000/1/s16le"));
      Files.move(next, file, StandardCopyOption.REPLACE_EXISTING);

      assertThatIOException()
          .isThrownBy(() -> playSeconds(line, 2))
          .withMessage(file + " is now 16000/1/s16le, and was 48000/2/s16le");
    }
  }

  @Test
  void exchangedFileOfTheSameFormatIsPlayedWithinASecond() throws IOException {
    Path file = wav(new byte[4 * 1_000_000], STEREO);
    try (VirtualLine line = playing(file)) {
      Files.move(wav(new byte[] {1, 2, 3, 4}, STEREO), file, StandardCopyOption.REPLACE_EXISTING);

      byte[] played = playSeconds(line, 2);

      assertThat(played).endsWith(1, 2, 3, 4);
      assertThat(played).startsWith(0, 0, 0, 0);
    }
  }

  @Test
  void fileThatIsCutShortIsPlayedFromItsBeginning() throws IOException {
    byte[] ramp = new byte[4 * 100_000];
    for (int i = 0; i < ramp.length; i++) {
      ramp[i] = (byte) (i / 4 % 100 + 1);
    }
    Path file = wav(ramp, STEREO);
    try (VirtualLine line = playing(file)) {
      Files.write(file, Arrays.copyOf(Files.readAllBytes(file), 44 + 40));

      byte[] played = playSeconds(line, 3);

      byte[] end = Arrays.copyOfRange(played, played.length - 80, played.length);
      assertThat(end).containsSequence(Arrays.copyOf(ramp, 40));
      assertThat(end).containsOnly(Arrays.copyOf(ramp, 40));
    }
  }

  @Test
  void fileThatBecomesTextEndsTheLineInOneLine() throws IOException {
    Path file = wav(new byte[400], STEREO);
    try (VirtualLine line = playing(file)) {
      Files.writeString(file, "not audio at all, but text");

      assertThatIOException()
          .isThrownBy(() -> playSeconds(line, 2))
          .withMessage(file + " cannot be played (expected: a WAV file)");
    }
  }

  @Test
  void deletedFileEndsTheLine() throws IOException {
    Path file = wav(new byte[400], STEREO);
    try (VirtualLine line = playing(file)) {
      Files.delete(file);

      assertThatIOException()
          .isThrownBy(() -> playSeconds(line, 2))
          .withMessage(file + " does not exist any more");
    }
  }

  @Test
  void exchangedFileIsListedInItsNewFormat() throws Exception {
    Path file = wav(new byte[400], STEREO);
    AtomicInteger changes = new AtomicInteger();
    LineSettings settings = new LineSettings(id -> STEREO, id -> true, new JumpingTimeSource());
    try (VirtualDevices devices =
        new VirtualDevices(List.of(WavDevice.of("swap", file)), "", settings)) {
      devices.onChange(changes::incrementAndGet);
      devices.refresh();
      assertThat(changes).hasValue(0);

      writeWav(new byte[800], STEREO, file);
      devices.refresh();
      assertThat(changes).hasValue(0);

      writeWav(new byte[600], PcmFormat.parse("16000/3/s16le"), file);
      devices.refresh();
      assertThat(changes).hasValue(1);
      assertThat(devices.list().get(0).captureFormat()).hasToString("16000/3/s16le");

      Files.delete(file);
      devices.refresh();
      assertThat(devices.list().get(0).captureFormat()).hasToString("16000/3/s16le");
      assertThatExceptionOfType(StreamException.class)
          .isThrownBy(() -> devices.open("swap"))
          .withMessage(
              "device_id: swap (expected: a device that opens in 16000/3/s16le; error: %s does"
                  + " not exist any more)",
              file);
    }
  }

  @Test
  void fileThatCannotBeReadIsRejectedInOneLine() throws IOException {
    assertRefused(dir.resolve("absent.wav"));
    assertRefused(dir);
  }

  private static void assertRefused(Path file) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> WavDevice.of("take", file))
        .withMessage("wav: take=" + file + " (expected: a readable file)");
  }

  private Path wav(byte[] samples, PcmFormat format) throws IOException {
    Path file = Files.createTempFile(dir, "signal", ".wav");
    writeWav(samples, format, file);
    return file;
  }

  private static void writeWav(byte[] samples, PcmFormat format, Path file) throws IOException {
    int bits = 8 * format.encoding().bytesPerSample();
    Files.write(
        file, TestWav.of(TestWav.PCM, format.sampleRateHz(), format.channelCount(), bits, samples));
  }
}
