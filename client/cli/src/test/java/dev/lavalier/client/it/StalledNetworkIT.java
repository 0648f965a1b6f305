package dev.lavalier.client.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lavalier.client.Frame;
import dev.lavalier.client.FrameStream;
import dev.lavalier.client.LavalierClient;
import dev.lavalier.client.StreamOptions;
import dev.lavalier.testing.SlowTest;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Records over a network that stalls, as Wi-Fi does. */
@SlowTest
@WaitingTest
final class StalledNetworkIT {

  private static final int RATE_HZ = 48_000;
  private static final int TAIL_SECONDS = 2;

  @TempDir Path dir;

  /** The length of a stall is counted in samples that another subscriber gets meanwhile. */
  @ParameterizedTest
  @CsvSource({"1, 1", "3, 1", "8, 1", "2, 3"})
  void stallsCostRecordingNoSample(int stallSeconds, int stalls) throws Exception {
    Path wav = dir.resolve("stall.wav");
    Path err = dir.resolve("err");
    int seconds = stalls * (stallSeconds + TAIL_SECONDS);
    try (ServerProcess server = ServerProcess.start(Map.of(), "--demo");
        LoopbackProxy proxy = new LoopbackProxy(server.address());
        LavalierClient client = server.client();
        FrameStream witness =
            client.stream(StreamOptions.builder().maxLatency(Duration.ofSeconds(20)).build())) {
      Process recording =
          new ProcessBuilder(
                  ProcessRunner.lavalier(
                      "record",
                      "--server",
                      proxy.address(),
                      "--device",
                      "tone",
                      "--seconds",
                      Integer.toString(seconds),
                      wav.toString()))
              .redirectError(err.toFile())
              .start();
      awaitNextSamples(wav);
      for (int i = 0; i < stalls; i++) {
        proxy.stall();
        await(witness, stallSeconds);
        proxy.resume();
        await(witness, 1);
      }
      assertThat(recording.waitFor(60, TimeUnit.SECONDS)).isTrue();
      assertThat(err).isEmptyFile();
      assertThat(recording.exitValue()).isZero();
    }
    Recording recording = new Recording(wav);
    assertThat(recording.samples()).isEqualTo((long) seconds * RATE_HZ);
    recording.assertSine(440, -12);
  }

  private static void awaitNextSamples(Path wav) throws Exception {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
    while (!Files.exists(wav) || Files.size(wav) < 50_000) {
      assertThat(System.nanoTime()).as("time of the first samples").isLessThan(deadline);
      Thread.onSpinWait();
    }
  }

  /** Reads until the samples of some more seconds have been captured. */
  private static void await(FrameStream witness, int seconds) throws Exception {
    long captured = witness.read().captureTimeUnixNanos();
    Frame frame = witness.read();
    while (frame.captureTimeUnixNanos() - captured < TimeUnit.SECONDS.toNanos(seconds)) {
      frame = witness.read();
    }
  }
}
