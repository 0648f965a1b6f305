package dev.lavalier.client.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lavalier.client.Frame;
import dev.lavalier.client.FrameStream;
import dev.lavalier.client.LavalierClient;
import dev.lavalier.client.StreamOptions;
import dev.lavalier.hub.HubConfig;
import dev.lavalier.testing.RealTimeTest;
import dev.lavalier.testing.TcpServer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Tests programs while the wall clock of their server is set back by 0.3 s, and then forward by an
 * hour. The server runs in this process, the programs in their own.
 */
@RealTimeTest
@WaitingTest
final class ClockStepIT {

  private static final int RATE = 48_000;
  private static final int PULLED_FRAMES = 400; // 8 s

  @TempDir Path dir;

  private final SteppedTimeSource timeSource = new SteppedTimeSource();

  private TcpServer startServer(int port) throws Exception {
    return TcpServer.start("48000/2/s16le", HubConfig.DEFAULTS, timeSource, port);
  }

  private static String address(TcpServer server) {
    return "127.0.0.1:" + server.port();
  }

  private void setBack() {
    timeSource.stepWallClock(Duration.ofMillis(-300));
  }

  private void setForward() {
    timeSource.stepWallClock(Duration.ofHours(1));
  }

  /** The server is started again after the steps; its clock is set once more while it is gone. */
  @ParameterizedTest
  @ValueSource(ints = {0, -300, 3_600_000, -7_200_000})
  void recordingIsAsLongAsTimeThatPassed(int stepInOutageMs) throws Exception {
    Path wav = dir.resolve("steps.wav");
    Path err = dir.resolve("err");
    TcpServer server = startServer(0);
    Process recording = null;
    try {
      recording =
          new ProcessBuilder(
                  ProcessRunner.lavalier("record", "--server", address(server), wav.toString()))
              .redirectError(err.toFile())
              .start();
      ReconnectIT.awaitSamples(wav, 1);
      setBack();
      ReconnectIT.awaitSamples(wav, 2.5);
      setForward();
      ReconnectIT.awaitSamples(wav, 4);
      assertThat(err).isEmptyFile(); // no gap

      long startedAt = System.nanoTime();
      long before = ReconnectIT.samples(wav);
      int port = server.port();
      server.close();
      timeSource.stepWallClock(Duration.ofMillis(stepInOutageMs));
      recording.waitFor(2, TimeUnit.SECONDS); // it does not end: this is a pause
      server = startServer(port);
      ReconnectIT.awaitSamples(wav, 8);
      double elapsed = (System.nanoTime() - startedAt) / 1e9;
      double recorded = (double) (ReconnectIT.samples(wav) - before) / RATE;
      assertThat(recorded).isBetween(elapsed - 0.3, elapsed + 0.3);
      assertThat(Files.readAllLines(err))
          .filteredOn(line -> line.startsWith("gap: "))
          .singleElement()
          .asString()
          .endsWith(", while there was no connection (estimated), filled with silence");
    } finally {
      if (recording != null) {
        recording.destroyForcibly();
      }
      server.close();
    }
  }

  @Test
  void pullingInPythonMissesNothing() throws Exception {
    String python = ExamplesIT.pythonWithStubs(dir);
    Path out = dir.resolve("out");
    Path err = dir.resolve("err");
    try (TcpServer server = startServer(0);
        LavalierClient client = LavalierClient.connect(address(server));
        FrameStream stream = client.stream(StreamOptions.defaults())) {
      ProcessBuilder builder =
          new ProcessBuilder(
                  List.of(
                      python,
                      ProcessRunner.TOP.resolve("client/examples/python/pull.py").toString(),
                      "--server=" + address(server),
                      "--frames=" + PULLED_FRAMES,
                      "--window=10"))
              .redirectOutput(out.toFile())
              .redirectError(err.toFile());
      builder.environment().put("PYTHONPATH", dir.toString());
      Process pulling = builder.start();
      try {
        while (ServerProcess.device(client, "tone").subscriberCount() < 2) {
          assertThat(pulling.isAlive()).as(() -> err.toFile().length() + " bytes in err").isTrue();
          read(stream, 0.1);
        }
        read(stream, 1.5);
        setBack();
        read(stream, 2);
        setForward();
        read(stream, 2);
        assertThat(pulling.waitFor(20, TimeUnit.SECONDS)).isTrue();
        assertThat(out).hasContent(PULLED_FRAMES + " frames taken, 0 samples missed\n");
        assertThat(err).isEmptyFile();
      } finally {
        pulling.destroyForcibly();
      }
    }
  }

  /** Reads frames; none of their samples are missing. */
  private static void read(FrameStream stream, double seconds) throws Exception {
    long samples = Math.round(seconds * RATE);
    for (long read = 0; read < samples; read += stream.start().frameSize()) {
      Frame frame = stream.read();
      assertThat(frame.gap()).isEmpty();
    }
  }
}
