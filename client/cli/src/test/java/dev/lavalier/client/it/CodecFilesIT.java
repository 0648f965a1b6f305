package dev.lavalier.client.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.lavalier.client.it.ProcessRunner.Result;
import dev.lavalier.testing.Programs;
import dev.lavalier.testing.SineMeter;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The tone in files and HTTP streams, from a server process to other programs. */
@WaitingTest
final class CodecFilesIT {

  private static final int RATE = 48_000;

  private static ServerProcess server;
  private static int webPort;

  @TempDir Path dir;

  @BeforeAll
  static void start() throws IOException {
    server =
        ServerProcess.start(
            Map.of(), "--demo", "--web-port", "0", "--capture-format", "48000/2/s16le");
    webPort = server.webPort();
  }

  @AfterAll
  static void stop() throws IOException {
    server.close();
  }

  @BeforeEach
  void skipWithoutTools() throws Exception {
    for (String tool : List.of("ffmpeg", "ffprobe", "flac", "opusinfo")) {
      assumeTrue(Programs.isInstalled(tool), tool + " is not installed");
    }
  }

  private Result record(String... args) throws Exception {
    List<String> command =
        ProcessRunner.lavalier(
            "record", "--server", server.address(), "--device", "tone", "--seconds", "1");
    command.addAll(List.of(args));
    Result result = ProcessRunner.run(command);
    assertThat(result.err()).isEmpty();
    assertThat(result.code()).isZero();
    return result;
  }

  /** Returns the samples of the first channel that ffmpeg decodes without an error. */
  private List<Double> decode(String source, String... options) throws Exception {
    Path raw = dir.resolve("decoded.raw");
    List<String> command = new ArrayList<>(List.of("ffmpeg", "-v", "error", "-y", "-i", source));
    command.addAll(List.of(options));
    command.addAll(List.of("-f", "s16le", "-ac", "1", "-ar", "48000", raw.toString()));
    Result result = ProcessRunner.run(command);
    assertThat(result.err()).isEmpty();
    assertThat(result.code()).isZero();
    ByteBuffer pcm = ByteBuffer.wrap(Files.readAllBytes(raw)).order(ByteOrder.LITTLE_ENDIAN);
    List<Double> samples = new ArrayList<>();
    while (pcm.hasRemaining()) {
      samples.add(pcm.getShort() / 32_768.0);
    }
    return samples;
  }

  private static void assertTone(List<Double> samples) {
    double[] values = samples.stream().mapToDouble(v -> v).toArray();
    SineMeter.Reading reading = new SineMeter(440, RATE).measure(values);
    assertThat(reading.frequencyHz()).isBetween(439.0, 441.0);
    assertThat(20 * Math.log10(reading.minPeak())).isBetween(-13.5, -10.5);
    assertThat(20 * Math.log10(reading.maxPeak())).isBetween(-13.5, -10.5);
  }

  @ParameterizedTest
  @ValueSource(strings = {"take.opus", "take.ogg", "take.flac"})
  void recordedFileIsAcceptedByOtherPrograms(String name) throws Exception {
    Path file = dir.resolve(name);
    record(file.toString());
    if (name.endsWith(".flac")) {
      Programs.run("flac", "--silent", "--test", file.toString());
    } else {
      Result info = ProcessRunner.run(List.of("opusinfo", file.toString()));
      assertThat(info.out()).contains("Playback length: 0m:01.000s").contains("DEVICE=tone");
      assertThat(info.out() + info.err()).doesNotContainIgnoringCase("warning");
      assertThat(info.code()).isZero();
    }
    List<Double> samples = decode(file.toString());
    assertThat(samples).hasSize(RATE);
    assertTone(samples.subList(RATE / 10, RATE * 9 / 10));
  }

  @ParameterizedTest
  @CsvSource({
    "tone.opus, opus, 48000, 2",
    "tone.ogg?rate=16000&channels=1&bitrate=32000, opus, 48000, 1",
    "tone.flac, flac, 48000, 2",
    "tone.flac?rate=44100&channels=1&encoding=s24le&frame_size=441, flac, 44100, 1",
    "tone.wav?rate=16000, pcm_s16le, 16000, 2"
  })
  void httpStreamIsDecodedByFfmpeg(String target, String codec, int rate, int channels)
      throws Exception {
    String url = "http://localhost:" + webPort + "/devices/" + target;
    Result probe =
        ProcessRunner.run(
            List.of(
                "ffprobe",
                "-v",
                "quiet",
                "-show_entries",
                "stream=codec_name,sample_rate,channels",
                url));
    assertThat(probe.out().lines())
        .contains("codec_name=" + codec, "sample_rate=" + rate, "channels=" + channels);
    List<Double> samples = decode(url, "-t", "1");
    assertThat(samples).hasSizeBetween(RATE - 2, RATE);
    assertTone(samples.subList(RATE / 5, RATE * 9 / 10));
  }

  @Test
  void interruptedRecordingIsComplete() throws Exception {
    Path file = dir.resolve("take.opus");
    Process process =
        new ProcessBuilder(
                ProcessRunner.lavalier(
                    "record", "--server", server.address(), "--device", "tone", file.toString()))
            .redirectErrorStream(true)
            .redirectOutput(dir.resolve("out").toFile())
            .start();
    try {
      while (!Files.exists(file) || Files.size(file) < 10_000) { // a page of the first second
        assertThat(process.isAlive()).isTrue();
        Thread.onSpinWait();
      }
      process.destroy(); // SIGTERM
      assertThat(process.waitFor(20, TimeUnit.SECONDS)).isTrue();
    } finally {
      process.destroyForcibly();
    }
    Result info = ProcessRunner.run(List.of("opusinfo", file.toString()));
    assertThat(info.out() + info.err())
        .contains("Playback length: 0m:0")
        .doesNotContainIgnoringCase("warning");
    assertThat(info.code()).isZero();
    List<Double> samples = decode(file.toString());
    assertTone(samples.subList(RATE / 10, samples.size() - RATE / 100)); // the end fades out
  }
}
