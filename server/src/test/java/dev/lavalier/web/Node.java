package dev.lavalier.web;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.lavalier.testing.Repository;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Runs the tests of the page's modules with Node.js. Skips the test if it is not installed. */
final class Node {

  private static final Path TESTS = Repository.TOP.resolve("server/src/test/page");
  private static final int OLDEST_MAJOR = 18;

  private Node() {}

  /** Runs {@code node} with arguments in the directory of the tests; returns what it printed. */
  static String run(String input, String... arguments) throws IOException, InterruptedException {
    assumeTrue(major() >= OLDEST_MAJOR, "node 18 or newer is not installed (Debian: nodejs)");
    return execute(input, arguments);
  }

  private static int major() throws InterruptedException {
    try {
      String version = execute("", "--version"); // v20.19.2
      return Integer.parseInt(version.substring(1, version.indexOf('.')));
    } catch (IOException e) {
      return 0; // there is no such program
    }
  }

  private static String execute(String input, String... arguments)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of("node"));
    command.addAll(List.of(arguments));
    Path in = Files.createTempFile("lavalier-node", ".in");
    Path out = Files.createTempFile("lavalier-node", ".out");
    try {
      Files.writeString(in, input);
      Process process =
          new ProcessBuilder(command)
              .directory(TESTS.toFile())
              .redirectInput(in.toFile())
              .redirectErrorStream(true)
              .redirectOutput(out.toFile())
              .start();
      if (!process.waitFor(5, TimeUnit.MINUTES)) {
        process.destroyForcibly().waitFor();
      }
      String printed = Files.readString(out, StandardCharsets.UTF_8);
      assertThat(process.exitValue()).as(printed).isZero();
      return printed;
    } finally {
      Files.delete(in);
      Files.delete(out);
    }
  }
}
