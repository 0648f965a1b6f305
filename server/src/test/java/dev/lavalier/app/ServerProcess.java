package dev.lavalier.app;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** Runs the server, or another program, as a process of its own. For use by one thread. */
final class ServerProcess {

  /**
   * What a process wrote.
   *
   * @param out the first line on standard output; null: none
   * @param err standard error, without white space at its ends
   */
  record Result(int code, String out, String err) {}

  private ServerProcess() {}

  /**
   * Returns the command line of a server with the classes of this test. As in the manifest of the
   * server's jar, native access is enabled: newer JVMs otherwise warn about it on standard error.
   */
  static List<String> server(List<String> jvmOptions, String... arguments) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("--enable-native-access=ALL-UNNAMED");
    command.addAll(jvmOptions);
    command.addAll(List.of("-cp", System.getProperty("java.class.path")));
    command.add(ServerMain.class.getName());
    command.addAll(List.of(arguments));
    return command;
  }

  /**
   * Runs a process until it has written a line on standard output, stops it if it still runs, and
   * waits for its end.
   *
   * @param directory an existing directory for the process and its standard error
   * @param environment replaces all variables for the locale and for the server
   */
  static Result run(Path directory, Map<String, String> environment, List<String> command)
      throws IOException, InterruptedException {
    Path err = directory.resolve("err");
    ProcessBuilder builder = new ProcessBuilder(command).directory(directory.toFile());
    builder
        .environment()
        .keySet()
        .removeIf(name -> name.matches("LC_.*|LANG|LANGUAGE|LAVALIER_.*"));
    builder.environment().putAll(environment);
    Process process = builder.redirectError(err.toFile()).start();
    String line;
    try (BufferedReader out = process.inputReader(StandardCharsets.UTF_8)) {
      line = out.readLine();
    } finally {
      process.destroy();
    }
    assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
    return new Result(
        process.exitValue(), line, Files.readString(err, StandardCharsets.UTF_8).strip());
  }
}
