package dev.lavalier.client.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.lavalier.client.LavalierClient;
import dev.lavalier.testing.RealTimeTest;
import dev.lavalier.testing.SlowTest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Tests the consumers in other languages, which use only the .proto. */
@WaitingTest
final class ExamplesIT {

  private static final Path EXAMPLES = ProcessRunner.TOP.resolve("client/examples");

  /** The header of 8 GiB of 48000/2/s16le: an RF64 file, because WAV ends at 4 GiB. */
  private static final String HEADER_OF_8_GIB =
      "52463634ffffffff57415645" // RF64, WAVE
          + "647336341c000000" // ds64, with the sizes of file and audio, and the samples
          + "4800000002000000"
          + "0000000002000000"
          + "000000800000000000000000"
          + "666d7420100000000100020080bb000000ee020004001000" // fmt
          + "64617461ffffffff"; // data

  private static final int HEADER_BYTES = HEADER_OF_8_GIB.length() / 2;

  @TempDir Path dir;

  @Test
  @SlowTest
  void python() throws Exception {
    String python = pythonWithStubs(dir);
    assertWorks(
        Map.of("PYTHONPATH", dir.toString()),
        List.of(python, EXAMPLES.resolve("python/record.py").toString()));
  }

  @Test
  @SlowTest
  void pythonRecordsOverUnixSocket() throws Exception {
    String python = pythonWithStubs(dir);
    Path socket = dir.resolve("s");
    Path wav = dir.resolve("take.wav");
    try (ServerProcess server =
        ServerProcess.start(Map.of(), "--demo", "--unix-socket", socket.toString())) {
      assertThat(server.isAlive()).isTrue();
      ProcessRunner.Result took =
          ProcessRunner.run(
              List.of(
                  python,
                  EXAMPLES.resolve("python/record.py").toString(),
                  "--server",
                  "unix:" + socket,
                  "record",
                  "--seconds",
                  "1",
                  wav.toString()),
              Map.of("PYTHONPATH", dir.toString()));
      assertThat(took).isEqualTo(new ProcessRunner.Result(0, "", ""));
      assertThat(new Recording(wav, "48000/2/s16le").samples()).isEqualTo(48_000);
    }
  }

  @Test
  @SlowTest
  void pythonRecordsInRequestedFormat() throws Exception {
    List<String> record =
        List.of(pythonWithStubs(dir), EXAMPLES.resolve("python/record.py").toString());
    Map<String, String> environment = Map.of("PYTHONPATH", dir.toString());
    Path wav = dir.resolve("speech.wav");
    try (ServerProcess server = ServerProcess.start(Map.of(), "--demo")) {
      for (String format : List.of("16000/1/f32le", "44100/2/s24le")) {
        ProcessRunner.Result took =
            run(
                record,
                environment,
                server,
                "record",
                "--format",
                format,
                "--seconds",
                "1",
                wav.toString());
        assertThat(took).isEqualTo(new ProcessRunner.Result(0, "", ""));
        Recording recording = new Recording(wav, format);
        int rate = Integer.parseInt(format.split("/", -1)[0]);
        assertThat(recording.samples()).isEqualTo(rate);
        recording.assertSine(440, -12, rate / 20); // the filter rings when the tone starts
        if (ProcessRunner.succeeds("sox", "--version")) {
          recording.assertSoxMeasures(440);
        }
      }
      ProcessRunner.Result refused =
          run(record, environment, server, "record", "--format", "16000/f32le", wav.toString());
      assertThat(refused.code()).isEqualTo(2);
      assertThat(refused.err())
          .endsWith(
              "--format: 16000/f32le (expected: RATE/CHANNELS/ENCODING, such as 16000/1/f32le;"
                  + " encodings s16le, s24le, s32le, f32le)\n");
    }
  }

  @Test
  void pythonWritesFilesBeyond4Gib() throws Exception {
    String program =
        """
        import record
        from lavalier.v1 import audio_capture_pb2 as pb
        format = pb.AudioFormat(encoding=pb.SAMPLE_ENCODING_S16LE, sample_rate_hz=48000, channel_count=2)
        print(record.wav_header(format, 8 << 30).hex())
        """;
    Map<String, String> environment =
        Map.of("PYTHONPATH", dir + java.io.File.pathSeparator + EXAMPLES.resolve("python"));
    assertThat(ProcessRunner.run(List.of(pythonWithStubs(dir), "-c", program), environment))
        .isEqualTo(new ProcessRunner.Result(0, HEADER_OF_8_GIB + "\n", ""));
  }

  @Test
  void javaScriptWritesFilesBeyond4Gib() throws Exception {
    assumeTrue(
        ProcessRunner.succeeds("node", "--version"), "node is not installed (Debian: nodejs npm)");
    String program =
        """
        import { wavHeader } from '%s';
        const format = { encoding: 'SAMPLE_ENCODING_S16LE', sampleRateHz: 48000, channelCount: 2 };
        console.log(wavHeader(format, 2 ** 33).toString('hex'));
        """
            .formatted(EXAMPLES.resolve("javascript/wav.mjs").toUri());
    assertThat(ProcessRunner.run(List.of("node", "--input-type=module", "-e", program)))
        .isEqualTo(new ProcessRunner.Result(0, HEADER_OF_8_GIB + "\n", ""));
  }

  @Test
  @SlowTest
  void pythonPulling() throws Exception {
    List<String> pull =
        List.of(pythonWithStubs(dir), EXAMPLES.resolve("python/pull.py").toString());
    Map<String, String> environment = Map.of("PYTHONPATH", dir.toString());
    try (ServerProcess server = ServerProcess.start(Map.of(), "--demo")) {
      ProcessRunner.Result took = run(pull, environment, server, "--frames", "50", "--window", "2");
      assertThat(took.code()).as(took.err()).isZero();
      assertThat(took.out()).matches("\\d+ frames taken, \\d+ samples missed\n");
      assertThat(run(pull, environment, server, "--device", "moon"))
          .isEqualTo(new ProcessRunner.Result(1, "", "device_id: moon (expected: one of tone)\n"));

      // The client needs 100 ms per frame of 20 ms: after 200 ms, four of five frames are missed.
      ProcessRunner.Result slow =
          run(pull, environment, server, "--frames", "20", "--work-ms", "100");
      assertThat(slow.code()).as(slow.err()).isZero();
      assertThat(slow.err()).contains("missed ");
    }
    assertReachesAnEncryptedServer(environment, pull, "--frames=5", " frames taken, ");
  }

  /**
   * Frames in transit expire while a program is stopped. The example drops them, and the server
   * sends no expired frame on credit that is granted later.
   */
  @ParameterizedTest
  @CsvSource({"16000/1/s16le, 16000, 1", "48000/2/s16le, 48000, 5"})
  @RealTimeTest
  void pausedPythonClientGetsNoExpiredFrame(String format, int rateHz, String window)
      throws Exception {
    List<String> probe =
        List.of(
            pythonWithStubs(dir),
            ProcessRunner.TOP.resolve("client/cli/src/test/python/pulling_probe.py").toString());
    Map<String, String> environment =
        Map.of("PYTHONPATH", dir + java.io.File.pathSeparator + EXAMPLES.resolve("python"));
    try (ServerProcess server =
            ServerProcess.start(Map.of(), "--demo", "--capture-format", format);
        LavalierClient client = server.client();
        StoppedProbe idle = StoppedProbe.start(probe, environment, server, rateHz, true, window);
        StoppedProbe stopped =
            StoppedProbe.start(probe, environment, server, rateHz, false, window)) {
      idle.pause();
      stopped.pause();
      StoppedProbe.awaitStall(client);
      stopped.resume();
      idle.resume();
      stopped.assertFreshAndReported(rateHz / 50);
      idle.assertFreshAndReported(rateHz / 50);
    }
  }

  /** Frames that waited expire. A server's clocks that change are not taken for a wait. */
  @Test
  void pythonClientDropsNoFrameWhenTheServerIsSuspended() throws Exception {
    List<String> probe =
        List.of(
            pythonWithStubs(dir),
            ProcessRunner.TOP
                .resolve("client/cli/src/test/python/suspended_server_probe.py")
                .toString());
    Map<String, String> environment =
        Map.of("PYTHONPATH", dir + java.io.File.pathSeparator + EXAMPLES.resolve("python"));
    assertThat(ProcessRunner.run(probe, environment))
        .isEqualTo(new ProcessRunner.Result(0, "0 0 0 100\n", ""));
  }

  /** Returns a Python interpreter and creates the contract's stubs in {@code dir}. */
  static String pythonWithStubs(Path dir) throws Exception {
    String python = pythonWithGrpc();
    ProcessRunner.Result stubs =
        ProcessRunner.run(
            List.of(
                python,
                "-m",
                "grpc_tools.protoc",
                "-I",
                ProcessRunner.TOP.resolve("proto/src/main/proto").toString(),
                "--python_out=" + dir,
                "--grpc_python_out=" + dir,
                "lavalier/v1/audio_capture.proto"));
    assertThat(stubs).isEqualTo(new ProcessRunner.Result(0, "", ""));
    return python;
  }

  /**
   * Finds a Python with the packages: the first one on the path may lack them; Debian's has them.
   */
  private static String pythonWithGrpc() {
    for (String python : List.of("python3", "/usr/bin/python3")) {
      if (ProcessRunner.succeeds(python, "-c", "import grpc, grpc_tools.protoc")) {
        return python;
      }
    }
    assumeTrue(false, "no python3 has grpcio (Debian: python3-grpcio python3-grpc-tools)");
    throw new AssertionError();
  }

  @Test
  @SlowTest
  void javaScript() throws Exception {
    assumeTrue(
        ProcessRunner.succeeds("node", "--version"), "node is not installed (Debian: nodejs npm)");
    assumeTrue(
        Files.isDirectory(EXAMPLES.resolve("javascript/node_modules/@grpc/grpc-js")),
        "@grpc/grpc-js is not installed (in client/examples/javascript: npm ci)");
    assertWorks(Map.of(), List.of("node", EXAMPLES.resolve("javascript/record.mjs").toString()));
  }

  private void assertWorks(Map<String, String> environment, List<String> program) throws Exception {
    Path wav = dir.resolve("take.wav");
    try (ServerProcess server = ServerProcess.start(Map.of(), "--demo")) {
      assertThat(run(program, environment, server, "devices"))
          .isEqualTo(
              new ProcessRunner.Result(
                  0,
                  "* tone: Test tone: a sine of 440 Hz at -12 dBFS, 48000 Hz, 2 channels\n",
                  ""));
      assertThat(run(program, environment, server, "record", "--seconds", "1.5", wav.toString()))
          .isEqualTo(new ProcessRunner.Result(0, "", ""));
      Recording recording = new Recording(wav);
      assertThat(recording.samples()).isEqualTo(72_000);
      recording.assertSine(440, -12);

      assertThat(run(program, environment, server, "record", "--device", "moon", wav.toString()))
          .isEqualTo(new ProcessRunner.Result(1, "", "device_id: moon (expected: one of tone)\n"));
      assertStopsWithCompleteFile(program, environment, server, "-INT", 130);
      assertStopsWithCompleteFile(program, environment, server, "-TERM", 143);
      for (String seconds : List.of("abc", "0", "-1")) {
        ProcessRunner.Result refused =
            run(program, environment, server, "record", "--seconds", seconds, wav.toString());
        assertThat(refused.code()).isEqualTo(2);
        assertThat(refused.err()).contains("--seconds").hasLineCount(1);
      }
    }
    assertReachesAnEncryptedServer(environment, program, "devices", "tone");
  }

  /** Stops a recording by a signal after more than a second of audio. */
  private void assertStopsWithCompleteFile(
      List<String> program,
      Map<String, String> environment,
      ServerProcess server,
      String signal,
      int code)
      throws Exception {
    Path wav = dir.resolve("stopped" + signal + ".wav");
    Path errors = dir.resolve("errors");
    List<String> command = new ArrayList<>(program);
    command.addAll(
        List.of("--server", server.address(), "record", "--seconds", "60", wav.toString()));
    ProcessBuilder builder = new ProcessBuilder(command).redirectError(errors.toFile());
    builder.environment().putAll(environment);
    Process recording = builder.start();
    try {
      while (!Files.exists(wav) || Files.size(wav) < 300_000) {
        assertThat(recording.waitFor(50, TimeUnit.MILLISECONDS)).isFalse();
      }
      assertThat(ProcessRunner.succeeds("kill", signal, Long.toString(recording.pid()))).isTrue();
      assertThat(recording.waitFor(20, TimeUnit.SECONDS)).isTrue();
      assertThat(recording.exitValue()).isEqualTo(code);
      assertThat(errors).isEmptyFile();
      Recording complete = new Recording(wav);
      assertThat(complete.samples()).isGreaterThan(48_000);
      assertThat(Files.size(wav)).isEqualTo(HEADER_BYTES + 4 * complete.samples());
      complete.assertSine(440, -12);
    } finally {
      recording.destroyForcibly();
    }
  }

  /**
   * Asserts that a program needs a CA and a token: without the CA it does not trust the server,
   * without the token it is not authenticated.
   */
  private void assertReachesAnEncryptedServer(
      Map<String, String> environment, List<String> program, String command, String answer)
      throws Exception {
    Certificates certificates = Certificates.in(dir);
    Certificates.Pair ca = certificates.ca("ca");
    Certificates.Pair pair = certificates.server("server", ca);
    String tokens = dir.resolve("tokens").toString();
    List<String> add = ServerProcess.command("token", "add", "me", "--stream", "tone");
    add.addAll(List.of("--token-file", tokens));
    Path token = Files.writeString(dir.resolve("token"), ProcessRunner.run(add).out());
    List<String> with = new ArrayList<>(program);
    with.addAll(List.of("--ca", ca.certificate().toString()));
    try (ServerProcess server =
        ServerProcess.start(
            Map.of(),
            "--demo",
            "--tls-cert",
            pair.certificate().toString(),
            "--tls-key",
            pair.key().toString(),
            "--token-file",
            tokens)) {
      assertThat(run(with, environment, server, command).code()).isEqualTo(1);
      List<String> alone = new ArrayList<>(program);
      alone.addAll(List.of("--token-file", token.toString()));
      ProcessRunner.Result refused = run(alone, environment, server, command);
      assertThat(refused.code()).isEqualTo(1);
      assertThat(refused.err()).contains("a token is not sent in plain text").hasLineCount(1);
      with.addAll(List.of("--token-file", token.toString()));
      ProcessRunner.Result taken = run(with, environment, server, command);
      assertThat(taken.code()).as(taken.err()).isZero();
      assertThat(taken.out()).contains(answer);
    }
  }

  private static ProcessRunner.Result run(
      List<String> program, Map<String, String> environment, ServerProcess server, String... args)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(program);
    command.addAll(List.of("--server", server.address()));
    command.addAll(List.of(args));
    return ProcessRunner.run(command, environment);
  }
}
