package dev.lavalier.client.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.lavalier.client.LavalierClient;
import dev.lavalier.testing.RealTimeTest;
import dev.lavalier.testing.SineMeter;
import dev.lavalier.testing.SlowTest;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runs {@code lavalier listen} on a real output line and records the output. */
final class ListenIT {

  private static final int RATE = 48_000;
  private static final int SECONDS = 6;

  @TempDir Path dir;

  /**
   * A sound server plays in real time, so on a busy machine it rightly drops out. {@code
   * PlayoutTest} asserts the same of the player in virtual time.
   */
  @Test
  @RealTimeTest
  void soundServerPlaysToneWithHardlyAnyClick() throws Exception {
    PulseAudio.assumeInstalled();
    assumeTrue(ProcessRunner.succeeds("parec", "--version"), "parec is not installed");
    Path err = dir.resolve("err");
    try (PulseAudio pulse = PulseAudio.start();
        ServerProcess server = ServerProcess.start(Map.of(), "--demo")) {
      pulse.addSink("speaker");
      Map<String, String> environment = new HashMap<>(pulse.environment());
      environment.put("PULSE_SINK", "speaker");
      ProcessBuilder builder =
          new ProcessBuilder(ProcessRunner.lavalier("listen", "--server", server.address()))
              .redirectError(err.toFile());
      builder.environment().putAll(environment);
      Process player = builder.start();
      Process recorder = startRecorder(pulse);
      try {
        byte[] recorded = recorder.getInputStream().readNBytes(4 * RATE * SECONDS);
        assertThat(player.isAlive()).as(Files.readString(err)).isTrue();
        assertTone(recorded);
      } finally {
        recorder.destroy();
        player.destroy();
        assertThat(player.waitFor(20, TimeUnit.SECONDS)).isTrue();
      }
    }
  }

  private static Process startRecorder(PulseAudio pulse) throws Exception {
    ProcessBuilder builder =
        new ProcessBuilder(
            List.of(
                "parec",
                "--device=speaker.monitor",
                "--format=s16le",
                "--rate=" + RATE,
                "--channels=2",
                "--latency-msec=20"));
    builder.environment().putAll(pulse.toolEnvironment());
    builder.redirectError(ProcessBuilder.Redirect.DISCARD);
    return builder.start();
  }

  /**
   * Asserts that the last three seconds have the tone, almost without clicks. One wrong sample per
   * frame would break every block.
   */
  private static void assertTone(byte[] recorded) {
    double[] left = SineMeter.channelOfS16(recorded, 2, 0);
    int block = RATE / 10;
    int cleanBlocks = 0;
    int checkedBlocks = 0;
    for (int at = left.length - 3 * RATE; at + block <= left.length; at += block) {
      double[] part = Arrays.copyOfRange(left, at, at + block);
      SineMeter.Reading reading = new SineMeter(440, RATE).measure(part);
      checkedBlocks++;
      if (Math.abs(reading.frequencyHz() - 440) < 1
          && Math.abs(20 * Math.log10(reading.minPeak()) + 12) < 0.5
          && reading.maxPhaseStep() < 0.02) { // one sample more or less is 0.058
        cleanBlocks++;
      }
    }
    assertThat(checkedBlocks).isEqualTo(30);
    assertThat(cleanBlocks).as("blocks of 0.1 s without a click, of 30").isGreaterThanOrEqualTo(28);
  }

  @Test
  @SlowTest
  void missingOutputDeviceIsReportedInOneLine() throws Exception {
    Path alsa = Files.writeString(dir.resolve("asound.conf"), "pcm.none { type null }\n");
    try (ServerProcess server = ServerProcess.start(Map.of(), "--demo");
        LavalierClient client = server.client()) {
      ProcessRunner.Result result =
          ProcessRunner.run(
              ProcessRunner.lavalier("listen", "--server", server.address()),
              Map.of("ALSA_CONFIG_PATH", alsa.toString()));
      assertThat(result.code()).isEqualTo(1);
      assertThat(result.out()).isEmpty();
      assertThat(result.err().lines())
          .singleElement()
          .asString()
          .startsWith("output: none (expected: an output device that plays 48000/2/s16le; ");
      ServerProcess.awaitClosed(client, "tone");
    }
  }
}
