package dev.lavalier.client.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lavalier.audio.PcmFormat;
import dev.lavalier.audio.SampleEncoding;
import dev.lavalier.testing.Conversions;
import dev.lavalier.testing.SineMeter;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.sound.sampled.AudioFormat;
import javax.sound.sampled.AudioFormat.Encoding;
import javax.sound.sampled.AudioInputStream;
import javax.sound.sampled.AudioSystem;
import javax.sound.sampled.UnsupportedAudioFileException;

/** Analyses a recorded WAV file. */
final class Recording {

  private static final Pattern ROUGH_FREQUENCY = Pattern.compile("Rough\\s+frequency:\\s+(\\d+)");

  private final Path file;
  private final PcmFormat format;
  private final byte[] pcm;

  /** Reads a file of 48 kHz, 16 bit and two channels. */
  Recording(Path file) throws IOException, UnsupportedAudioFileException {
    this(file, "48000/2/s16le");
  }

  /** Reads a file of the format {@code RATE/CHANNELS/ENCODING}. */
  Recording(Path file, String format) throws IOException, UnsupportedAudioFileException {
    this.file = file;
    this.format = PcmFormat.parse(format);
    try (AudioInputStream in = AudioSystem.getAudioInputStream(file.toFile())) {
      AudioFormat read = in.getFormat();
      boolean real = this.format.encoding() == SampleEncoding.F32LE;
      assertThat(read.getEncoding()).isEqualTo(real ? Encoding.PCM_FLOAT : Encoding.PCM_SIGNED);
      assertThat(read.getSampleSizeInBits()).isEqualTo(8 * this.format.encoding().bytesPerSample());
      assertThat(read.getSampleRate()).isEqualTo(this.format.sampleRateHz());
      assertThat(read.getChannels()).isEqualTo(this.format.channelCount());
      pcm = in.readAllBytes();
      assertThat(samples()).isEqualTo(in.getFrameLength());
    }
  }

  long samples() {
    return pcm.length / format.bytesPerSampleFrame();
  }

  /** Returns how many samples pass until each channel has had a sample that is not zero. */
  int silentSamplesAtStart() {
    double[] sampleValues = Conversions.numbers(format, pcm);
    int silent = 0;
    for (int channel = 0; channel < format.channelCount(); channel++) {
      double[] values = Conversions.channel(sampleValues, format.channelCount(), channel);
      int first = 0;
      while (first < values.length && values[first] == 0) {
        first++;
      }
      silent = Math.max(silent, first);
    }
    return silent;
  }

  /** Asserts a sine on every channel, without a sample lost or repeated anywhere. */
  void assertSine(double hz, double peakDbfs) {
    assertSine(hz, peakDbfs, 0);
  }

  /** Asserts a sine on every channel after the first {@code skipped} samples. */
  void assertSine(double hz, double peakDbfs, int skipped) {
    assertSine(
        format,
        Arrays.copyOfRange(pcm, skipped * format.bytesPerSampleFrame(), pcm.length),
        hz,
        peakDbfs);
  }

  /** Asserts a sine in raw PCM: the frequency to 0.1 Hz, the peak to 1 %. */
  static void assertSine(PcmFormat format, byte[] pcm, double hz, double peakDbfs) {
    double[] sampleValues = Conversions.numbers(format, pcm);
    for (int channel = 0; channel < format.channelCount(); channel++) {
      SineMeter.Reading reading =
          new SineMeter(hz, format.sampleRateHz())
              .measure(Conversions.channel(sampleValues, format.channelCount(), channel));
      String description = "%s, channel %d".formatted(format, channel + 1);
      assertThat(reading.frequencyHz()).as(description).isBetween(hz - 0.1, hz + 0.1);
      for (double peak : List.of(reading.minPeak(), reading.maxPeak())) {
        assertThat(20 * Math.log10(peak))
            .as(description)
            .isBetween(peakDbfs - 0.08, peakDbfs + 0.08);
      }
      // One lost sample of 440 Hz shifts the phase by 0.058 at 48 kHz, by 0.029 at 96 kHz.
      assertThat(reading.maxPhaseStep()).as(description).isLessThan(0.01);
    }
  }

  /** Asserts that sox, an independent tool, measures the frequency to 1 Hz. */
  void assertSoxMeasures(int hz) throws IOException, InterruptedException {
    ProcessRunner.Result result =
        ProcessRunner.run(List.of("sox", file.toString(), "-n", "remix", "1", "stat"));
    Matcher rough = ROUGH_FREQUENCY.matcher(result.err());
    assertThat(rough.find()).as(result.err()).isTrue();
    assertThat(Integer.parseInt(rough.group(1))).isBetween(hz - 1, hz + 1);
  }
}
