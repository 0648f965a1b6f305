package dev.lavalier.client.it;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * A private sound server whose default capture device plays a known sine. It provides a real
 * capture line on a machine without sound hardware, and tests can make it fail.
 */
abstract class SoundServer implements AutoCloseable {

  /** The sine that plays, in Hz. */
  static final int FREQUENCY_HZ = 1_000;

  private static final long TIMEOUT_SECONDS = 20;

  /** The folder of the sound server's socket, settings and logs. */
  final Path dir;

  private final Path socket;
  private final List<Process> processes = new ArrayList<>(); // the daemon first

  /** Creates a sound server that does not run yet, and an ALSA configuration for it. */
  SoundServer(String name, String socket, String alsa) throws IOException {
    dir = Files.createTempDirectory("lavalier-" + name);
    this.socket = dir.resolve(socket);
    // The configuration does not include the system's configuration, because that would load the
    // installed default, PipeWire's or PulseAudio's, and override this one.
    Files.writeString(dir.resolve("asound.conf"), alsa.strip() + "\n");
  }

  /** Starts the sound server, also after a {@link #kill}, and waits until it plays. */
  abstract void run() throws IOException, InterruptedException;

  /** Removes the captured device, like an unplugged microphone. */
  abstract void unplug() throws IOException, InterruptedException;

  /** Adds the captured device again. */
  abstract void plug() throws IOException, InterruptedException;

  /** Returns the environment in which the sound server's programs find it. */
  abstract Map<String, String> toolEnvironment();

  /** Returns the environment in which Java Sound finds only this sound server. */
  final Map<String, String> environment() {
    Map<String, String> environment = new HashMap<>(toolEnvironment());
    environment.put("ALSA_CONFIG_PATH", dir.resolve("asound.conf").toString());
    environment.put("HOME", dir.toString());
    return environment;
  }

  /** Starts a process of the sound server; the first is the daemon. */
  final Process spawn(List<String> command, Map<String, String> environment) throws IOException {
    Path log = dir.resolve(command.get(0) + ".log");
    ProcessBuilder builder =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile());
    builder.environment().putAll(environment);
    builder.environment().put("HOME", dir.toString());
    Process process = builder.start();
    processes.add(process);
    return process;
  }

  /** Runs a program of the sound server, which must succeed; returns its output. */
  final String tool(List<String> command) throws IOException, InterruptedException {
    ProcessRunner.Result result = ProcessRunner.run(command, toolEnvironment());
    if (result.code() != 0) {
      throw new IOException(command + ": " + result);
    }
    return result.out();
  }

  /** Runs a command until its output has the expected text; ends all processes if it never has. */
  final void awaitOutput(List<String> command, String expected)
      throws IOException, InterruptedException {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(TIMEOUT_SECONDS);
    while (!ProcessRunner.run(command, toolEnvironment()).out().contains(expected)) {
      if (!processes.get(0).isAlive() || System.nanoTime() > deadline) {
        String logs = logs();
        close();
        throw new IOException("no " + expected + " in the answer to " + command + logs);
      }
    }
  }

  private String logs() throws IOException {
    StringBuilder text = new StringBuilder();
    try (var files = Files.list(dir)) {
      for (Path log : files.filter(f -> f.toString().endsWith(".log")).toList()) {
        text.append('\n').append(log.getFileName()).append(":\n").append(Files.readString(log));
      }
    }
    return text.toString();
  }

  /** Kills the daemon with SIGKILL; its dependent processes end too. */
  final void kill() throws IOException, InterruptedException {
    for (Process process : processes) {
      process.destroyForcibly().waitFor();
    }
    processes.clear();
    Files.deleteIfExists(socket);
  }

  /** Sends the daemon a signal: STOP or CONT. */
  final void signal(String name) throws IOException, InterruptedException {
    ProcessRunner.run(List.of("kill", "-" + name, Long.toString(processes.get(0).pid())));
  }

  @Override
  public final void close() throws IOException {
    // Its state is only in its own folder, so an orderly stop is not necessary.
    processes.forEach(Process::destroyForcibly);
    for (Process process : processes) {
      process.onExit().join();
    }
    if (!Files.exists(dir)) {
      return; // it had already ended
    }
    try (var files = Files.walk(dir)) {
      files.sorted(Comparator.reverseOrder()).map(Path::toFile).forEach(File::delete);
    }
  }
}
