package dev.lavalier.audio;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.lavalier.testing.Conversions;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Converts the same input with sox ({@code rate -v}) and with this project, and compares the
 * output.
 */
final class SoxTest {

  @TempDir Path dir;

  @ParameterizedTest
  @CsvSource({
    "48000, 16000",
    "48000, 44100",
    "44100, 48000",
    "96000, 8000",
    "16000, 48000",
    "8000, 11025",
    "22050, 96000",
    "88200, 32000",
  })
  void agreesWithSox(int from, int to) throws Exception {
    assumeTrue(isInstalled(), "sox is not installed");
    int low = Math.min(from, to);
    // Sines across the pass band, and some above it, which the conversion must remove.
    double[] in = new double[2 * from];
    for (int k = 0; k < 40; k++) {
      double hz =
          k < 30
              ? low * (0.004 + 0.446 * k / 29)
              : low * 0.56 + (from / 2.0 - low * 0.56) * (k - 30) / 10;
      if (hz < from * 0.499) {
        for (int n = 0; n < in.length; n++) {
          in[n] += 0.02 * Math.sin(2 * Math.PI * hz * n / from + k * k);
        }
      }
    }
    byte[] pcm = Conversions.pcm(new PcmFormat(SampleEncoding.F32LE, from, 1), in);
    FormatConverter converter = Conversions.converter(from + "/1/f32le", to + "/1/f32le");
    PcmFormat delivered = converter.conversion().delivered();
    double[] ours = Conversions.numbers(delivered, Conversions.convert(converter, pcm, 0, 480));
    double[] sox = Conversions.numbers(delivered, sox(pcm, from, to));

    // The ends differ because each assumes other samples beyond them.
    int edge = to / 10;
    double worst = 0;
    for (int n = edge; n < ours.length - edge; n++) {
      worst = Math.max(worst, Math.abs(ours[n] - sox[n]));
    }
    assertThat(ours.length).isGreaterThan(2 * to - edge);
    assertThat(20 * Math.log10(worst)).as("the largest difference, in dBFS").isLessThan(-80);
  }

  private byte[] sox(byte[] pcm, int from, int to) throws IOException, InterruptedException {
    Path in = Files.write(dir.resolve("in.f32"), pcm);
    Path out = dir.resolve("out.f32");
    Process process =
        new ProcessBuilder(
                "sox",
                "-D",
                "-t",
                "f32",
                "-r",
                "" + from,
                "-c",
                "1",
                in.toString(),
                "-t",
                "f32",
                out.toString(),
                "rate",
                "-v",
                "" + to)
            .redirectErrorStream(true)
            .start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
    assertThat(process.exitValue()).as(said).isZero();
    return Files.readAllBytes(out);
  }

  private static boolean isInstalled() throws InterruptedException {
    try {
      return new ProcessBuilder("sox", "--version")
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .start()
              .waitFor()
          == 0;
    } catch (IOException e) {
      return false;
    }
  }
}
