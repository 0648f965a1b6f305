package dev.lavalier.client.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.lavalier.client.LavalierClient;
import dev.lavalier.testing.RealTimeTest;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Pauses two clients of this library for five seconds, over TCP: one does not read, the process of
 * the other is stopped. The next frames of both are not expired, and their gaps are exact.
 */
@RealTimeTest
@WaitingTest
final class StoppedClientIT {

  static final List<String> PROBE =
      List.of(
          ProcessRunner.java(),
          "-cp",
          ProcessRunner.TOP.resolve("client/cli/target/lavalier.jar")
              + java.io.File.pathSeparator
              + ProcessRunner.TOP.resolve("client/java/target/test-classes"),
          "dev.lavalier.client.ListeningProbe");

  @ParameterizedTest
  @CsvSource({"16000/1/s16le, 16000", "48000/2/s16le, 48000"})
  void pausedClientGetsNoExpiredFrameAndExactGap(String format, int rateHz) throws Exception {
    assumeTrue(ProcessRunner.succeeds("kill", "-l"), "there is no kill");
    try (ServerProcess server =
            ServerProcess.start(Map.of(), "--demo", "--capture-format", format);
        LavalierClient client = server.client();
        StoppedProbe idle = StoppedProbe.start(PROBE, Map.of(), server, rateHz, true);
        StoppedProbe stopped = StoppedProbe.start(PROBE, Map.of(), server, rateHz, false)) {
      idle.pause();
      stopped.pause();
      StoppedProbe.awaitStall(client);
      stopped.resume();
      idle.resume();
      // The library dropped some frames: the window holds 0.4 s or more.
      assertThat(Long.parseLong(stopped.assertFreshAndReported(rateHz / 50))).isPositive();
      assertThat(Long.parseLong(idle.assertFreshAndReported(rateHz / 50))).isPositive();
    }
  }
}
