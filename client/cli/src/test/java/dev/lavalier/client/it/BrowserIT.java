package dev.lavalier.client.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.lavalier.testing.RealTimeTest;
import dev.lavalier.testing.SlowTest;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Opens the page in Chromium and Firefox, with the tests in {@code client/browser}. */
final class BrowserIT {

  private static final Path TESTS = ProcessRunner.TOP.resolve("client/browser");
  private static final long TIMEOUT_SECONDS =
      110; // less than that of a test, so that it shows the output

  /** The tests that run in Firefox, as a regular expression: those that need most of a browser. */
  private static final String IN_FIREFOX =
      "pageShowsTheTone|pageContinuesAfterARestart|pageAsksForAToken"
          + "|toneIsHeardThroughOpus|stoppedTabHearsNothingOldAndShows|ThroughFlac|audioElement";

  @TempDir Path dir;

  @BeforeEach
  void skipWithoutTools() {
    assumeTrue(
        ProcessRunner.succeeds("node", "--version"), "node is not installed (Debian: nodejs npm)");
    assumeTrue(
        Files.isDirectory(TESTS.resolve("node_modules/playwright-core")),
        "playwright-core is not installed (in client/browser: npm ci)");
  }

  @SlowTest
  @ParameterizedTest
  @ValueSource(strings = {"page", "access", "stalls", "sound", "codecs", "audio-element"})
  void pageWorksInChromium(String name) throws Exception {
    skipWithoutChromium();
    assertThat(run("chromium", name + ".test.js")).contains("# fail 0").doesNotContain("# pass 0");
  }

  @SlowTest
  @ParameterizedTest
  @ValueSource(strings = {"page", "access", "stalls", "codecs", "audio-element"})
  void pageWorksInFirefox(String name) throws Exception {
    assumeTrue(
        ProcessRunner.succeeds("firefox-esr", "--version"),
        "firefox-esr is not installed (Debian: firefox-esr)");
    assumeTrue(
        ProcessRunner.succeeds("pulseaudio", "--version"),
        "pulseaudio is not installed (Debian: pulseaudio)");
    assertThat(run("firefox", "--test-name-pattern=" + IN_FIREFOX, name + ".test.js"))
        .contains("# fail 0")
        .doesNotContain("# pass 0");
  }

  @RealTimeTest
  @Test
  void soundComesSoonAndStaysWithoutInterruption() throws Exception {
    skipWithoutChromium();
    assertThat(run("chromium", "realtime.js")).contains("# fail 0").doesNotContain("# pass 0");
  }

  private static void skipWithoutChromium() throws Exception {
    assumeTrue(
        ProcessRunner.succeeds("chromium", "--version"),
        "chromium is not installed (Debian: chromium)");
  }

  /** Runs the tests of a file in a browser; returns and prints what they print. */
  private String run(String browser, String... arguments) throws Exception {
    Path out = dir.resolve("out");
    List<String> command = new ArrayList<>(List.of("node", "--test", "--test-reporter=tap"));
    command.addAll(List.of(arguments));
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .directory(TESTS.toFile())
            .redirectErrorStream(true)
            .redirectOutput(out.toFile());
    builder.environment().put("BROWSER", browser);
    builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
    Process process = builder.start();
    boolean ended;
    try {
      ended = process.waitFor(TIMEOUT_SECONDS, TimeUnit.SECONDS);
    } finally {
      process.descendants().forEach(ProcessHandle::destroyForcibly);
      process.destroyForcibly().waitFor();
    }
    String printed = Files.readString(out);
    assertThat(ended).as("%s: still running, %s", command, printed).isTrue();
    assertThat(process.exitValue()).as(printed).isZero();
    System.out.println(printed.lines().filter(line -> line.startsWith("# ")).toList());
    return printed;
  }
}
