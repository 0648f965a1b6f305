package dev.lavalier.client.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lavalier.testing.SineMeter;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.sound.sampled.AudioInputStream;
import javax.sound.sampled.AudioSystem;
import javax.sound.sampled.UnsupportedAudioFileException;

/** What is heard in a recorded 48 kHz, 16-bit stereo WAV file. */
final class Recording {

  private static final Pattern ROUGH = Pattern.compile("Rough\\s+frequency:\\s+(\\d+)");

  private final Path file;
  private final byte[] pcm;

  Recording(Path file) throws IOException, UnsupportedAudioFileException {
    this.file = file;
    try (AudioInputStream in = AudioSystem.getAudioInputStream(file.toFile())) {
      assertThat(in.getFormat().toString()).contains("48000.0 Hz, 16 bit, stereo");
      pcm = in.readAllBytes();
      assertThat(pcm.length / 4L).isEqualTo(in.getFrameLength());
    }
  }

  long samples() {
    return pcm.length / 4;
  }

  /** Asserts a sine on both channels, without a sample lost or repeated anywhere. */
  void assertSine(double hz, double peakDbfs) {
    assertSine(hz, peakDbfs, 0);
  }

  /** Asserts the same of what comes after the first so many samples. */
  void assertSine(double hz, double peakDbfs, int skipped) {
    byte[] judged = Arrays.copyOfRange(pcm, 4 * skipped, pcm.length);
    for (int channel = 0; channel < 2; channel++) {
      SineMeter.Reading reading =
          new SineMeter(hz, 48_000).measure(SineMeter.channelOfS16(judged, 2, channel));
      assertThat(reading.frequencyHz()).isBetween(hz - 0.1, hz + 0.1);
      assertThat(20 * Math.log10(reading.minPeak())).isBetween(peakDbfs - 0.1, peakDbfs + 0.1);
      assertThat(20 * Math.log10(reading.maxPeak())).isBetween(peakDbfs - 0.1, peakDbfs + 0.1);
      // One sample lost at 440 Hz turns the phase by 0.058.
      assertThat(reading.maxPhaseStep()).isLessThan(0.01);
    }
  }

  /** Asserts that sox, an independent ear, hears the frequency to 1 Hz. */
  void assertSoxHears(int hz) throws IOException, InterruptedException {
    Programs.Result heard =
        Programs.run(List.of("sox", file.toString(), "-n", "remix", "1", "stat"));
    Matcher rough = ROUGH.matcher(heard.err());
    assertThat(rough.find()).as(heard.err()).isTrue();
    assertThat(Integer.parseInt(rough.group(1))).isBetween(hz - 1, hz + 1);
  }
}
