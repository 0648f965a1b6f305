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
 * A sound server of the test's own, whose default capture device plays a known sine: a real capture
 * line on a machine without sound hardware, to be broken in every way that we can bring about.
 */
abstract class SoundServer implements AutoCloseable {

  /** The sine that plays, in Hz. */
  static final int FREQUENCY_HZ = 1_000;

  private static final long TIMEOUT_SECONDS = 20;

  /** Holds all that it writes: its socket, settings and logs. */
  final Path dir;

  private final Path socket;
  private final List<Process> processes = new ArrayList<>(); // the daemon first

  /** Makes one that does not run yet, with an ALSA configuration that leads to it. */
  SoundServer(String name, String socket, String alsa) throws IOException {
    dir = Files.createTempDirectory("lavalier-" + name);
    this.socket = dir.resolve(socket);
    // The system's configuration is left out: it would load what is installed, PipeWire's default
    // or PulseAudio's, after this and over it.
    Files.writeString(dir.resolve("asound.conf"), alsa.strip() + "\n");
  }

  /** Starts it, again after a {@link #kill}, and waits until it plays. */
  abstract void run() throws IOException, InterruptedException;

  /** Takes the captured device away, as an unplugged microphone. */
  abstract void unplug() throws IOException, InterruptedException;

  /** Brings it back. */
  abstract void plug() throws IOException, InterruptedException;

  /** Returns the environment in which its own programs find it. */
  abstract Map<String, String> toolEnvironment();

  /** Returns the environment in which Java Sound finds it and no other. */
  final Map<String, String> environment() {
    Map<String, String> environment = new HashMap<>(toolEnvironment());
    environment.put("ALSA_CONFIG_PATH", dir.resolve("asound.conf").toString());
    environment.put("HOME", dir.toString());
    return environment;
  }

  /** Starts one of its processes; the first is the daemon. */
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

  /** Runs one of its programs, which must end well; returns what it printed. */
  final String tool(List<String> command) throws IOException, InterruptedException {
    ProcessRunner.Result result = ProcessRunner.run(command, toolEnvironment());
    if (result.code() != 0) {
      throw new IOException(command + ": " + result);
    }
    return result.out();
  }

  /** Asks until the answer has something in it; ends everything where it never has. */
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

  /** Kills the daemon without a warning; what lives on it ends with it. */
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
    // What it keeps is its own folder, so that it need not end in good order.
    processes.forEach(Process::destroyForcibly);
    for (Process process : processes) {
      process.onExit().join();
    }
    if (!Files.exists(dir)) {
      return; // it ended before
    }
    try (var files = Files.walk(dir)) {
      files.sorted(Comparator.reverseOrder()).map(Path::toFile).forEach(File::delete);
    }
  }
}
