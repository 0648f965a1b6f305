package dev.lavalier.client.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.lavalier.testing.RealTimeTest;
import dev.lavalier.testing.SlowTest;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Opens the page in Chromium, with the tests in {@code client/browser}. */
final class BrowserIT {

  private static final Path TESTS = ProcessRunner.TOP.resolve("client/browser");
  private static final long TIMEOUT_MINUTES = 8;

  @TempDir Path dir;

  @BeforeEach
  void skipWithoutTools() {
    assumeTrue(
        ProcessRunner.succeeds("node", "--version"), "node is not installed (Debian: nodejs npm)");
    assumeTrue(
        ProcessRunner.succeeds("chromium", "--version"),
        "chromium is not installed (Debian: chromium)");
    assumeTrue(
        Files.isDirectory(TESTS.resolve("node_modules/playwright-core")),
        "playwright-core is not installed (in client/browser: npm ci)");
  }

  @SlowTest
  @ParameterizedTest
  @ValueSource(strings = {"page", "access", "stalls", "sound"})
  void pageWorksInChromium(String name) throws Exception {
    assertThat(run(name + ".test.js")).contains("# fail 0").doesNotContain("# pass 0");
  }

  @RealTimeTest
  @Test
  void soundComesSoonAndStaysWithoutInterruption() throws Exception {
    assertThat(run("realtime.js")).contains("# fail 0").doesNotContain("# pass 0");
  }

  /** Runs the tests of a file; returns and prints what they print. */
  private String run(String file) throws Exception {
    Path out = dir.resolve("out");
    ProcessBuilder builder =
        new ProcessBuilder(List.of("node", "--test", "--test-reporter=tap", file))
            .directory(TESTS.toFile())
            .redirectErrorStream(true)
            .redirectOutput(out.toFile());
    builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
    Process process = builder.start();
    try {
      assertThat(process.waitFor(TIMEOUT_MINUTES, TimeUnit.MINUTES)).as(file).isTrue();
    } finally {
      process.descendants().forEach(ProcessHandle::destroyForcibly);
      process.destroyForcibly().waitFor();
    }
    String printed = Files.readString(out);
    assertThat(process.exitValue()).as(printed).isZero();
    System.out.println(printed.lines().filter(line -> line.startsWith("# ")).toList());
    return printed;
  }
}
