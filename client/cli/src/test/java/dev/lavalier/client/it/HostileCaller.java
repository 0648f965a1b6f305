package dev.lavalier.client.it;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * A process that attacks a server with a valid token, see {@code hostile_caller.py}. It ends by
 * itself. It has the lowest priority, because it shares the processors with the server and with the
 * listener that must not lose a sample.
 */
final class HostileCaller implements AutoCloseable {

  private static final Path PROGRAM =
      ProcessRunner.TOP.resolve("client/cli/src/test/python/hostile_caller.py");

  private final Process process;
  private final BufferedReader out;

  private HostileCaller(Process process) {
    this.process = process;
    this.out = process.inputReader();
  }

  /**
   * Starts a process that attacks after {@link #begin}.
   *
   * @param python an interpreter
   * @param stubs the folder with the contract's stubs
   * @param kind the attack, or {@code control} for a busy loop
   * @param address {@code HOST:PORT} of the server
   * @param number of this caller among those that attack at the same time
   */
  static HostileCaller start(
      String python,
      Path stubs,
      String kind,
      String address,
      Path ca,
      String token,
      int seconds,
      int number)
      throws IOException {
    List<String> command = new ArrayList<>(List.of("nice", "-n", "19", python));
    command.addAll(List.of(PROGRAM.toString(), kind, address, ca.toString()));
    command.addAll(List.of(Integer.toString(seconds), Integer.toString(number)));
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().putAll(Map.of("PYTHONPATH", stubs.toString(), "LAVALIER_TOKEN", token));
    return new HostileCaller(builder.start());
  }

  /** Waits until the attack can begin: the interpreter has loaded the program. */
  void awaitReady() throws IOException {
    String line = out.readLine();
    if (!"ready".equals(line)) {
      throw new AssertionError(line + " " + report());
    }
  }

  void begin() throws IOException {
    process.getOutputStream().write('\n');
    process.getOutputStream().flush();
  }

  /** Waits 0.1 s at most; returns whether the attack has ended. */
  boolean hasEnded() throws InterruptedException {
    return process.waitFor(100, TimeUnit.MILLISECONDS);
  }

  /** Waits for the end; returns what the process printed since it was ready. */
  String report() throws IOException {
    return String.join(" ", out.lines().toList());
  }

  @Override
  public void close() throws IOException {
    process.destroyForcibly();
    out.close();
  }
}
