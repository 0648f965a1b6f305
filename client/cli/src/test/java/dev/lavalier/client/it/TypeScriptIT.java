package dev.lavalier.client.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.lavalier.testing.SlowTest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Builds the npm package in {@code client/typescript} and runs its tests. */
@SlowTest
final class TypeScriptIT {

  private static final Path PACKAGE = ProcessRunner.TOP.resolve("client/typescript");
  private static final long TIMEOUT_MINUTES = 5;

  @TempDir Path dir;

  @Test
  @Timeout(value = 2 * TIMEOUT_MINUTES, unit = TimeUnit.MINUTES)
  void packageWorksWithTheServer() throws Exception {
    for (String tool : List.of("node", "npm")) {
      assumeTrue(
          ProcessRunner.succeeds(tool, "--version"),
          tool + " is not installed (Debian: nodejs npm)");
    }
    assumeTrue(
        ProcessRunner.succeeds("chromium", "--version"),
        "chromium is not installed (Debian: chromium)");
    assumeTrue(
        ProcessRunner.succeeds("openssl", "version"), "openssl is not installed (Debian: openssl)");
    assumeTrue(
        Files.isDirectory(PACKAGE.resolve("node_modules/typescript")),
        "typescript is not installed (in client/typescript: npm ci)");
    npm("run", "build");
    String printed = npm("test");
    assertThat(printed).contains("# fail 0").doesNotContain("# pass 0").contains("# skipped 0");
    System.out.println(printed.lines().filter(line -> line.startsWith("# pass")).toList());
  }

  /** Runs a command of npm; returns what it prints. */
  private String npm(String... args) throws IOException, InterruptedException {
    Path out = dir.resolve("out");
    List<String> command = new ArrayList<>(List.of("npm"));
    command.addAll(List.of(args));
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .directory(PACKAGE.toFile())
            .redirectErrorStream(true)
            .redirectOutput(out.toFile());
    builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
    Process process = builder.start();
    try {
      assertThat(process.waitFor(TIMEOUT_MINUTES, TimeUnit.MINUTES)).as("%s", command).isTrue();
    } finally {
      process.descendants().forEach(ProcessHandle::destroyForcibly);
      process.destroyForcibly().waitFor();
    }
    assertThat(process.exitValue()).as(Files.readString(out)).isZero();
    return Files.readString(out);
  }
}
