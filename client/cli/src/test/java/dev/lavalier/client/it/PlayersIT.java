package dev.lavalier.client.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.lavalier.testing.SlowTest;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Tests that ffmpeg plays a device as a URL: the whole tone, without a sample lost or repeated. */
@SlowTest
final class PlayersIT {

  private static final int SECONDS = 2;
  private static final double PEAK_DBFS = -12;

  private static ServerProcess server;
  private static int port;

  @TempDir Path dir;

  @BeforeAll
  static void start() throws IOException {
    assumeTrue(ProcessRunner.succeeds("ffmpeg", "-version"), "ffmpeg failed (Debian: ffmpeg)");
    server = ServerProcess.start(Map.of(), "--demo", "--web-port", "0");
    port = server.webPort();
  }

  @AfterAll
  static void stop() throws IOException {
    if (server != null) {
      server.close();
    }
  }

  @ParameterizedTest
  @CsvSource({
    "'', 48000/2/s16le, pcm_s16le",
    "?rate=44100&channels=1&encoding=f32le, 44100/1/f32le, pcm_f32le",
  })
  void ffmpegHearsTheTone(String query, String format, String encoder) throws Exception {
    Path file = dir.resolve("take.wav");
    String url = "http://127.0.0.1:%d/devices/tone.wav%s".formatted(port, query);
    ProcessRunner.Result result =
        ProcessRunner.run(
            List.of(
                "ffmpeg",
                "-i",
                url,
                "-t",
                Integer.toString(SECONDS),
                "-c:a",
                encoder,
                file.toString()));
    assertThat(result.code()).as(result.err()).isZero();
    Recording recording = new Recording(file, format);
    int rate = Integer.parseInt(format.split("/", 2)[0]);
    assertThat(recording.samples()).isEqualTo((long) SECONDS * rate);
    recording.assertSine(440, PEAK_DBFS);
  }
}
