package dev.lavalier.client.it;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** Runs programs, each with a timeout. */
final class ProcessRunner {

  /** The root of the repository: the tests run in client/cli/. */
  static final Path TOP = Path.of("").toAbsolutePath().getParent().getParent();

  private static final Path CLIENT_JAR = TOP.resolve("client/cli/target/lavalier.jar");
  private static final long TIMEOUT_SECONDS = 110;

  private ProcessRunner() {}

  /**
   * The result of a program.
   *
   * @param code its exit code
   * @param out its standard output
   * @param err its standard error
   */
  record Result(int code, String out, String err) {}

  /** Returns the path of the Java that runs the tests. */
  static String java() {
    return Path.of(System.getProperty("java.home"), "bin", "java").toString();
  }

  /** Returns the command of the client program. */
  static List<String> lavalier(String... args) {
    List<String> command = new ArrayList<>(List.of(java(), "-jar", CLIENT_JAR.toString()));
    command.addAll(List.of(args));
    return command;
  }

  static Result run(List<String> command) throws IOException, InterruptedException {
    return run(command, Map.of());
  }

  static Result run(List<String> command, Map<String, String> environment)
      throws IOException, InterruptedException {
    Path out = Files.createTempFile("lavalier", ".out");
    Path err = Files.createTempFile("lavalier", ".err");
    try {
      ProcessBuilder builder =
          new ProcessBuilder(command)
              .redirectInput(ProcessBuilder.Redirect.from(new File("/dev/null")))
              .redirectOutput(out.toFile())
              .redirectError(err.toFile());
      builder.environment().putAll(environment);
      Process process = builder.start();
      return await(process, command, out, err);
    } finally {
      Files.deleteIfExists(out);
      Files.deleteIfExists(err);
    }
  }

  private static Result await(Process process, List<String> command, Path out, Path err)
      throws IOException, InterruptedException {
    if (!process.waitFor(TIMEOUT_SECONDS, TimeUnit.SECONDS)) {
      process.destroyForcibly().waitFor();
      throw new AssertionError(
          "still running: " + command + "\n" + Files.readString(out) + Files.readString(err));
    }
    return new Result(process.exitValue(), Files.readString(out), Files.readString(err));
  }

  /** Returns whether a command runs and exits with code 0. */
  static boolean succeeds(String... command) {
    try {
      return run(List.of(command)).code() == 0;
    } catch (IOException e) {
      return false;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  /** Counts the entries of a folder of /proc. */
  static int count(long pid, String folder) {
    try (var entries = Files.list(Path.of("/proc/" + pid + "/" + folder))) {
      return (int) entries.count();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
