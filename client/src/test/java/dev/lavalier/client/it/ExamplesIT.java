package dev.lavalier.client.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The consumers in other languages, which have nothing of ours but the .proto. */
final class ExamplesIT {

  private static final Path EXAMPLES = Programs.TOP.resolve("client/examples");

  @TempDir Path dir;

  @Test
  void python() throws Exception {
    String python = pythonWithGrpc();
    Programs.Result stubs =
        Programs.run(
            List.of(
                python,
                "-m",
                "grpc_tools.protoc",
                "-I",
                Programs.TOP.resolve("proto/src/main/proto").toString(),
                "--python_out=" + dir,
                "--grpc_python_out=" + dir,
                "lavalier/v1/audio_capture.proto"));
    assertThat(stubs).isEqualTo(new Programs.Result(0, "", ""));
    assertWorks(
        Map.of("PYTHONPATH", dir.toString()),
        List.of(python, EXAMPLES.resolve("python/record.py").toString()));
  }

  /** The first python on the path may be one without the packages; Debian's has them. */
  private static String pythonWithGrpc() {
    for (String python : List.of("python3", "/usr/bin/python3")) {
      if (Programs.works(python, "-c", "import grpc, grpc_tools.protoc")) {
        return python;
      }
    }
    assumeTrue(false, "no python3 has grpcio (Debian: python3-grpcio python3-grpc-tools)");
    throw new AssertionError();
  }

  @Test
  void javaScript() throws Exception {
    assumeTrue(Programs.works("node", "--version"), "node is not installed (Debian: nodejs npm)");
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
              new Programs.Result(
                  0,
                  "* tone: Test tone: a sine of 440 Hz at -12 dBFS, 48000 Hz, 2 channels\n",
                  ""));
      assertThat(run(program, environment, server, "record", "--seconds", "1.5", wav.toString()))
          .isEqualTo(new Programs.Result(0, "", ""));
      Recording recording = new Recording(wav);
      assertThat(recording.samples()).isEqualTo(72_000);
      recording.assertSine(440, -12);

      assertThat(run(program, environment, server, "record", "--device", "moon", wav.toString()))
          .isEqualTo(new Programs.Result(1, "", "device_id: moon (expected: one of tone)\n"));
    }
  }

  private static Programs.Result run(
      List<String> program, Map<String, String> environment, ServerProcess server, String... args)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(program);
    command.addAll(List.of("--server", server.address()));
    command.addAll(List.of(args));
    return Programs.run(command, environment);
  }
}
