package dev.lavalier.client.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.util.concurrent.Uninterruptibles;
import dev.lavalier.testing.RealTimeTest;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tests a recording whose server is killed and started again. */
@RealTimeTest
final class ReconnectIT {

  private static final double RATE = 48_000;

  @TempDir Path dir;

  @Test
  void recordingIncludesOutageAfterServerRestart() throws Exception {
    Path wav = dir.resolve("over.wav");
    Path err = dir.resolve("err");
    try (ServerProcess first = ServerProcess.start(Map.of(), "--demo")) {
      List<String> command =
          ProcessRunner.lavalier("record", "--server", first.address(), wav.toString());
      command.addAll(0, List.of("env", "--default-signal=INT"));
      Process recording = new ProcessBuilder(command).redirectError(err.toFile()).start();
      try {
        awaitSamples(wav, 1);
        long startedAt = System.nanoTime();
        double before = samples(wav) / RATE;
        awaitSamples(wav, 1.5);
        first.kill();
        // The outage is so long that a file without the gap would be far too short.
        Uninterruptibles.sleepUninterruptibly(2, TimeUnit.SECONDS);
        try (ServerProcess second = first.restart(Map.of(), "--demo")) {
          awaitSamples(wav, 5);
          double elapsed = (System.nanoTime() - startedAt) / 1e9;
          double recorded = samples(wav) / RATE - before;
          assertThat(recorded).isBetween(elapsed - 0.3, elapsed + 0.3);
          assertThat(ProcessRunner.succeeds("kill", "-INT", Long.toString(recording.pid())))
              .isTrue();
          assertThat(recording.waitFor(20, TimeUnit.SECONDS)).isTrue();
          assertThat(recording.exitValue()).isEqualTo(130);
          second.awaitLog(".* microphone off device=tone .*");
        }
      } finally {
        recording.destroyForcibly();
      }
    }
    new Recording(wav); // fails if the file is not complete
    assertThat(Files.readAllLines(err))
        .satisfiesExactly(
            line -> assertThat(line).startsWith("notice: connection lost, reconnecting"),
            line ->
                assertThat(line)
                    .startsWith("notice: reconnected after ")
                    .endsWith(", estimated) are missing"),
            line ->
                assertThat(line)
                    .startsWith("gap: ")
                    .endsWith(", while there was no connection (estimated), filled with silence"));
  }

  /** Waits until a recording of 48 kHz, 16 bit and two channels has a length. */
  static void awaitSamples(Path wav, double seconds) throws Exception {
    await(() -> samples(wav) >= seconds * RATE, wav + " does not grow to " + seconds + " s");
  }

  private static void await(BooleanSupplier condition, String timeoutMessage)
      throws TimeoutException {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() > deadline) {
        throw new TimeoutException(timeoutMessage);
      }
      Uninterruptibles.sleepUninterruptibly(5, TimeUnit.MILLISECONDS);
    }
  }

  /** Returns the number of samples per channel after the header of such a recording. */
  static long samples(Path wav) {
    return Math.max(0, (wav.toFile().length() - 80) / 4);
  }
}
