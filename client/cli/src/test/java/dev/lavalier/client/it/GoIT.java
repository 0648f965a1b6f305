package dev.lavalier.client.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.lavalier.testing.SlowTest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Runs the tests of the Go package, in {@code client/go}. */
@SlowTest
@WaitingTest
final class GoIT {

  private static final Path GO = ProcessRunner.TOP.resolve("client/go");
  private static final int MISSING_TOOL = 3;
  private static final long BUILD_MINUTES = 8;

  @TempDir Path dir;

  @Test
  void committedStubsAreThoseOfTheContract() throws Exception {
    ProcessRunner.Result generated =
        ProcessRunner.run(List.of(GO.resolve("generate").toString(), dir.toString()));
    assumeTrue(generated.code() != MISSING_TOOL, generated.err());
    assertThat(generated).isEqualTo(new ProcessRunner.Result(0, "", ""));
    assertThat(text(dir)).as("client/go/generate writes them").isEqualTo(text(GO));
  }

  /** Returns the stubs by their file names. */
  private static Map<String, String> text(Path folder) throws IOException {
    Map<String, String> stubs = new TreeMap<>();
    try (var files = Files.list(folder.resolve("lavalierv1"))) {
      for (Path file : files.toList()) {
        stubs.put(file.getFileName().toString(), Files.readString(file));
      }
    }
    return stubs;
  }

  @Test
  @Timeout(value = BUILD_MINUTES + 2, unit = TimeUnit.MINUTES)
  void packageWorksWithTheServer() throws Exception {
    go("vet", "lavalier.dev/go");
    Path program = dir.resolve("lavalier.test");
    go("test", "-c", "-o", program.toString(), "lavalier.dev/go");

    Certificates certificates = Certificates.in(dir);
    Certificates.Pair ca = certificates.ca("ca");
    Certificates.Pair pair = certificates.server("server", ca);
    String tokens = dir.resolve("tokens").toString();
    List<String> add = ServerProcess.command("token", "add", "me", "--stream", "tone");
    add.addAll(List.of("--token-file", tokens));
    String token = ProcessRunner.run(add).out().strip();
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
      ProcessRunner.Result tests =
          ProcessRunner.run(
              List.of(program.toString(), "-test.v"),
              Map.of(
                  "TEST_SERVER",
                  server.address(),
                  "TEST_CA",
                  ca.certificate().toString(),
                  "TEST_TOKEN",
                  token,
                  "TEST_COMMAND",
                  String.join(" ", ServerProcess.command("--demo", "--web-port", "0"))));
      assertThat(tests.code()).as(tests.out() + tests.err()).isZero();
      assertThat(tests.out()).contains("--- PASS: TestServer").doesNotContain("--- SKIP");
      long passed = tests.out().lines().filter(line -> line.startsWith("--- PASS")).count();
      System.out.println("tests of client/go passed: " + passed);
    }
  }

  /** Runs a command of go, which compiles gRPC when it runs first. */
  private void go(String... args) throws Exception {
    List<String> command =
        new ArrayList<>(
            List.of(GO.resolve("with-debian").toString(), dir.resolve("path").toString()));
    command.addAll(List.of(args));
    Path out = dir.resolve("out");
    Process process =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(out.toFile()).start();
    try {
      assertThat(process.waitFor(BUILD_MINUTES, TimeUnit.MINUTES)).as("%s", command).isTrue();
    } finally {
      process.destroyForcibly().waitFor();
    }
    assumeTrue(process.exitValue() != MISSING_TOOL, Files.readString(out));
    assertThat(process.exitValue()).as(Files.readString(out)).isZero();
  }
}
