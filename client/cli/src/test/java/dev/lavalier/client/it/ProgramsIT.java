package dev.lavalier.client.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.lavalier.client.Frame;
import dev.lavalier.client.FrameStream;
import dev.lavalier.client.LavalierClient;
import dev.lavalier.client.StreamOptions;
import dev.lavalier.testing.RealTimeTest;
import dev.lavalier.testing.SineMeter;
import dev.lavalier.testing.SlowTest;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runs both programs as a user runs them. */
final class ProgramsIT {

  private static final double TONE_DBFS = -12;

  private static final StreamOptions LENIENT =
      StreamOptions.builder().reconnect(Duration.ZERO).maxLatency(Duration.ofSeconds(10)).build();

  @TempDir Path dir;

  /**
   * Starts a server that holds four seconds of the tone in its history. A recording of them loses
   * nothing, however slowly a busy machine reads it.
   */
  private static ServerProcess startWithHistory() throws Exception {
    ServerProcess server =
        ServerProcess.start(Map.of(), "--demo", "--history-ms", "60000", "--keep-open", "tone");
    try (LavalierClient client = server.client();
        FrameStream stream = client.stream(LENIENT)) {
      Frame frame = stream.read();
      while (frame.sampleIndex() < 4 * 48_000) {
        frame = stream.read();
      }
    }
    return server;
  }

  @Test
  @SlowTest
  void prerollIsRecordedWithExactSamplesOfTone() throws Exception {
    Path wav = dir.resolve("tone.wav");
    try (ServerProcess server = startWithHistory()) {
      ProcessRunner.Result result =
          ProcessRunner.run(
              ProcessRunner.lavalier(
                  "record",
                  "--server",
                  server.address(),
                  "--device",
                  "tone",
                  "--preroll",
                  "3000",
                  "--seconds",
                  "2",
                  wav.toString()));
      assertThat(result).isEqualTo(new ProcessRunner.Result(0, "", ""));
    }
    Recording recording = new Recording(wav);
    assertThat(recording.samples()).isEqualTo(2 * 48_000);
    recording.assertSine(440, TONE_DBFS);
  }

  @Test
  @SlowTest
  void segmentsJoinedBySoxAreToneWithoutLostSample() throws Exception {
    assumeTrue(ProcessRunner.succeeds("sox", "--version"), "sox is not installed (Debian: sox)");
    Path segments = Files.createDirectory(dir.resolve("segments"));
    try (ServerProcess server = startWithHistory()) {
      ProcessRunner.Result result =
          ProcessRunner.run(
              ProcessRunner.lavalier(
                  "record",
                  "--server",
                  server.address(),
                  "--device",
                  "tone",
                  "--preroll",
                  "3000",
                  "--seconds",
                  "2",
                  "--segment",
                  "300ms",
                  segments.resolve("mic-%Y%m%dT%H%M%S.%f.wav").toString()));
      assertThat(result).isEqualTo(new ProcessRunner.Result(0, "", ""));
    }
    List<Path> files = files(segments);
    assertThat(files).hasSize(7);
    for (Path file : files) {
      boolean last = file.equals(files.get(6));
      assertThat(new Recording(file).samples()).isEqualTo(last ? 9_600 : 14_400);
    }
    Path joined = dir.resolve("joined.wav");
    List<String> join = new ArrayList<>(List.of("sox"));
    files.forEach(file -> join.add(file.toString()));
    join.add(joined.toString());
    assertThat(ProcessRunner.run(join)).isEqualTo(new ProcessRunner.Result(0, "", ""));
    Recording recording = new Recording(joined);
    assertThat(recording.samples()).isEqualTo(2 * 48_000);
    recording.assertSine(440, TONE_DBFS);
  }

  private static List<Path> files(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.sorted().toList();
    }
  }

  /** A busy machine reads live audio too slowly at first, and the recording rightly has gaps. */
  @Test
  @RealTimeTest
  void recordHasExactSamplesOfTone() throws Exception {
    Path wav = dir.resolve("tone.wav");
    try (ServerProcess server = ServerProcess.start(Map.of(), "--demo")) {
      ProcessRunner.Result result =
          ProcessRunner.run(
              ProcessRunner.lavalier(
                  "record",
                  "--server",
                  server.address(),
                  "--device",
                  "tone",
                  "--seconds",
                  "5",
                  wav.toString()));
      assertThat(result).isEqualTo(new ProcessRunner.Result(0, "", ""));
    }
    Recording recording = new Recording(wav);
    assertThat(recording.samples()).isEqualTo(5 * 48_000);
    recording.assertSine(440, TONE_DBFS);
    assumeTrue(ProcessRunner.succeeds("sox", "--version"), "sox is not installed (Debian: sox)");
    recording.assertSoxMeasures(440);
  }

  @Test
  @RealTimeTest
  void wavFileIsCapturedAsDevice() throws Exception {
    Path wav = dir.resolve("take.wav");
    Path again = dir.resolve("again.wav");
    try (ServerProcess server = ServerProcess.start(Map.of())) {
      record(server, "tone", wav);
    }
    try (ServerProcess server = ServerProcess.start(Map.of(), "--wav", "take=" + wav)) {
      record(server, "take", again);
    }
    // The samples are those of the tone: the looped half second has 220 whole periods of 440 Hz.
    assertThat(Files.readAllBytes(again)).isEqualTo(Files.readAllBytes(wav));
  }

  private static void record(ServerProcess server, String device, Path wav) throws Exception {
    ProcessRunner.Result result =
        ProcessRunner.run(
            ProcessRunner.lavalier(
                "record",
                "--server",
                server.address(),
                "--device",
                device,
                "--seconds",
                "0.5",
                wav.toString()));
    assertThat(result.err()).isEmpty();
    assertThat(result.code()).isZero();
  }

  @Test
  @RealTimeTest
  void ctrlCLeavesCompleteFile() throws Exception {
    Path wav = dir.resolve("cut.wav");
    try (ServerProcess server = ServerProcess.start(Map.of(), "--demo")) {
      // Background jobs of a shell ignore SIGINT, and their children inherit that: reset it.
      List<String> command = new ArrayList<>(List.of("env", "--default-signal=INT"));
      command.addAll(
          ProcessRunner.lavalier("record", "--server", server.address(), wav.toString()));
      Process recording = new ProcessBuilder(command).start();
      awaitSize(wav, 200_000);
      assertThat(ProcessRunner.succeeds("kill", "-INT", Long.toString(recording.pid()))).isTrue();
      assertThat(recording.waitFor(20, TimeUnit.SECONDS)).isTrue();
      assertThat(recording.exitValue()).isEqualTo(130);
      try (LavalierClient client = server.client()) {
        ServerProcess.awaitClosed(client, "tone");
      }
    }
    Recording cut = new Recording(wav);
    assertThat(Files.size(wav)).isEqualTo(80 + 4 * cut.samples());
    cut.assertSine(440, TONE_DBFS);
  }

  @Test
  @SlowTest
  void ctrlCFinishesLastSegment() throws Exception {
    Path segments = Files.createDirectory(dir.resolve("segments"));
    try (ServerProcess server = ServerProcess.start(Map.of(), "--demo")) {
      // Background jobs of a shell ignore SIGINT, and their children inherit that: reset it.
      List<String> command = new ArrayList<>(List.of("env", "--default-signal=INT"));
      command.addAll(
          ProcessRunner.lavalier("record", "--server", server.address(), "--segment", "500ms"));
      command.add(segments.resolve("mic-%s.%f.wav").toString());
      Process recording = new ProcessBuilder(command).start();
      long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
      while (files(segments).size() < 3) {
        assertThat(System.nanoTime()).as("time of the third segment").isLessThan(deadline);
        Thread.onSpinWait();
      }
      assertThat(ProcessRunner.succeeds("kill", "-INT", Long.toString(recording.pid()))).isTrue();
      assertThat(recording.waitFor(20, TimeUnit.SECONDS)).isTrue();
      assertThat(recording.exitValue()).isEqualTo(130);
    }
    List<Path> files = files(segments);
    for (Path file : files) {
      long samples = new Recording(file).samples();
      assertThat(Files.size(file)).isEqualTo(80 + 4 * samples);
      if (!file.equals(files.get(files.size() - 1))) {
        assertThat(samples).isEqualTo(24_000);
      }
    }
  }

  @Test
  void ctrlCBeforeStreamIsOpenLeavesNoFile() throws Exception {
    Path wav = dir.resolve("never.wav");
    try (ServerSocket silent = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      List<String> command = new ArrayList<>(List.of("env", "--default-signal=INT"));
      command.addAll(
          ProcessRunner.lavalier("record", "--server", "127.0.0.1:" + silent.getLocalPort()));
      command.addAll(List.of("--format", "16000/1/s16le", wav.toString()));
      Process recording = new ProcessBuilder(command).start();
      awaitSize(wav, 0);
      assertThat(ProcessRunner.succeeds("kill", "-INT", Long.toString(recording.pid()))).isTrue();
      assertThat(recording.waitFor(20, TimeUnit.SECONDS)).isTrue();
      assertThat(recording.exitValue()).isEqualTo(130);
      assertThat(wav).doesNotExist();
    }
  }

  private static void awaitSize(Path file, long bytes) throws Exception {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
    while (!Files.exists(file) || Files.size(file) < bytes) {
      if (System.nanoTime() > deadline) {
        throw new TimeoutException(file + " does not grow");
      }
      Thread.onSpinWait();
    }
  }

  @Test
  @RealTimeTest
  void killedServerLeavesCompleteFileAndOneLine() throws Exception {
    Path wav = dir.resolve("orphan.wav");
    Path err = dir.resolve("err");
    try (ServerProcess server = ServerProcess.start(Map.of(), "--demo")) {
      Process recording =
          new ProcessBuilder(
                  ProcessRunner.lavalier(
                      "record", "--reconnect-s", "0", "--server", server.address(), wav.toString()))
              .redirectError(err.toFile())
              .start();
      awaitSize(wav, 100_000);
      server.kill();
      assertThat(recording.waitFor(20, TimeUnit.SECONDS)).isTrue();
      assertThat(recording.exitValue()).isEqualTo(1);
      assertThat(Files.readAllLines(err))
          .singleElement()
          .asString()
          .startsWith("the recording ended early: ");
    }
    new Recording(wav).assertSine(440, TONE_DBFS);
  }

  @Test
  @SlowTest
  void pipeGetsRawPcmAndMayBeClosed() throws Exception {
    try (ServerProcess server = startWithHistory()) {
      Process recording =
          new ProcessBuilder(
                  ProcessRunner.lavalier(
                      "record", "--server", server.address(), "--preroll", "3000", "-"))
              .start();
      byte[] pcm = recording.getInputStream().readNBytes(4 * 4_800);
      recording.getInputStream().close();
      assertThat(recording.waitFor(20, TimeUnit.SECONDS)).isTrue();
      assertThat(recording.exitValue()).isZero();
      SineMeter.Reading reading =
          new SineMeter(440, 48_000).measure(SineMeter.channelOfS16(pcm, 2, 0));
      assertThat(reading.frequencyHz()).isBetween(439.9, 440.1);
    }
  }

  @Test
  void sigtermStopsServerAndNotifiesSubscribers() throws Exception {
    try (ServerProcess server = ServerProcess.start(Map.of(), "--demo");
        LavalierClient client = server.client();
        var frames = client.stream(LENIENT)) {
      frames.read();
      assertThat(server.terminate()).isZero();
      List<String> notices = new ArrayList<>();
      frames.onNotice(notice -> notices.add(notice.kind().name()));
      try {
        while (frames.read() != null) {
          // frames in transit
        }
      } catch (dev.lavalier.client.LavalierException e) {
        assertThat(e).hasMessage("the server is stopping; try again later");
      }
      assertThat(notices).containsExactly("SERVER_STOPPING");
      assertThat(server.log()).contains("microphone off device=tone");
    }
  }

  @Test
  void badFlagGetsOneLineAndCode2() throws Exception {
    assertThat(ProcessRunner.run(ServerProcess.command("--loud")))
        .isEqualTo(new ProcessRunner.Result(2, "", "Unknown option: '--loud' (see --help)\n"));
  }

  @Test
  void portInUsePrintsOneLineAndExitsWithCode1() throws Exception {
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      ProcessRunner.Result result =
          ProcessRunner.run(
              ServerProcess.command("--port", Integer.toString(taken.getLocalPort())));
      assertThat(result.code()).isEqualTo(1);
      assertThat(result.out()).isEmpty();
      assertThat(result.err())
          .startsWith(
              "port: "
                  + taken.getLocalPort()
                  + " (expected: a port that the server can listen on at")
          .contains("in use");
      assertThat(result.err().lines()).hasSize(1);
    }
  }

  @Test
  void unreachableServerPrintsOneLineAndExitsWithCode1() throws Exception {
    ProcessRunner.Result result =
        ProcessRunner.run(ProcessRunner.lavalier("--server", "127.0.0.1:1", "devices"));
    assertThat(result.code()).isEqualTo(1);
    assertThat(result.out()).isEmpty();
    assertThat(result.err().lines())
        .singleElement()
        .asString()
        .startsWith("--server: 127.0.0.1:1 (expected: a Lavalier server; ");
  }
}
