package dev.lavalier.client.it;

import dev.lavalier.client.Device;
import dev.lavalier.client.DeviceState;
import dev.lavalier.client.LavalierClient;
import dev.lavalier.client.LavalierException;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** The server's jar as a separate process, on a free loopback port. */
final class ServerProcess implements AutoCloseable {

  private static final Path JAR = ProcessRunner.TOP.resolve("server/target/lavalier-server.jar");
  private static final String READY_PREFIX = "lavalier-server listening on ";
  private static final String WEB_PREFIX = "web page at ";
  private static final String AUDIT = " audit ";
  private static final long TIMEOUT_SECONDS = 20;
  private static final double TICKS_PER_SECOND = 100; // Linux's USER_HZ, on every architecture

  private final Process process;
  private final Path log;
  private final BufferedReader out;
  private final String address;

  private ServerProcess(Process process, Path log, BufferedReader out, String address) {
    this.process = process;
    this.log = log;
    this.out = out;
    this.address = address;
  }

  /** Returns the command of the server program. */
  static List<String> command(String... args) {
    List<String> command = new ArrayList<>(List.of(ProcessRunner.java(), "-jar", JAR.toString()));
    command.addAll(List.of(args));
    return command;
  }

  static ServerProcess start(Map<String, String> environment, String... args) throws IOException {
    return start(0, true, environment, args);
  }

  /**
   * Starts a server whose standard error is a pipe that nobody reads. {@link #log} returns nothing.
   */
  static ServerProcess startWithUnreadLog(Map<String, String> environment, String... args)
      throws IOException {
    return start(0, false, environment, args);
  }

  /** Starts a server that can have at most {@code limit} file descriptors. */
  static ServerProcess startWithDescriptors(int limit, String... args) throws IOException {
    List<String> limited =
        List.of("sh", "-c", "ulimit -n \"$0\" && exec \"$@\"", Integer.toString(limit));
    return start(0, true, Map.of(), limited, args);
  }

  /** Starts a server on another host, whose loopback it listens on. */
  static ServerProcess startOn(IsolatedHost host, String... args) throws IOException {
    return start(0, true, Map.of(), host.commandInside(List.of()), args);
  }

  /** Starts a server on the port of this server, which has ended. */
  ServerProcess restart(Map<String, String> environment, String... args) throws IOException {
    return start(
        Integer.parseInt(address.substring(address.lastIndexOf(':') + 1)), true, environment, args);
  }

  private static ServerProcess start(
      int port, boolean readsLog, Map<String, String> environment, String... args)
      throws IOException {
    return start(port, readsLog, environment, List.of(), args);
  }

  /** Starts a server by a command that runs the command after it. */
  private static ServerProcess start(
      int port,
      boolean readsLog,
      Map<String, String> environment,
      List<String> runner,
      String... args)
      throws IOException {
    List<String> command = new ArrayList<>(runner);
    command.addAll(command(args));
    command.addAll(List.of("--port", Integer.toString(port)));
    Path log = Files.createTempFile("lavalier-server", ".log");
    ProcessBuilder builder = new ProcessBuilder(command);
    if (readsLog) {
      builder.redirectError(log.toFile());
    } // else: a pipe
    builder.environment().putAll(environment);
    Process process = builder.start();
    BufferedReader out =
        new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
    String line = out.readLine();
    if (line == null || !line.startsWith(READY_PREFIX)) {
      process.destroyForcibly();
      throw new IOException("not ready: " + line + "\n" + Files.readString(log));
    }
    return new ServerProcess(process, log, out, line.substring(READY_PREFIX.length()));
  }

  /** Returns {@code HOST:PORT}. */
  String address() {
    return address;
  }

  /** Returns the web port, which the server prints after its address. Called at most once. */
  int webPort() throws IOException {
    String line = out.readLine();
    if (line == null || !line.startsWith(WEB_PREFIX)) {
      throw new IOException("no web port: " + line);
    }
    return URI.create(line.substring(WEB_PREFIX.length())).getPort();
  }

  long pid() {
    return process.pid();
  }

  boolean isAlive() {
    return process.isAlive();
  }

  LavalierClient client() {
    return LavalierClient.connect(address);
  }

  /** Returns the log so far. */
  String log() {
    try {
      return Files.readString(log);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * Returns the log without stack traces and without the audit log, which is complete by design.
   */
  List<String> logLines() {
    return log()
        .lines()
        .filter(line -> !line.startsWith("\tat ") && !line.contains(AUDIT))
        .toList();
  }

  /** Waits until the log has a line that matches. */
  void awaitLog(String pattern) throws InterruptedException, TimeoutException {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(TIMEOUT_SECONDS);
    while (log().lines().noneMatch(line -> line.matches(pattern))) {
      if (System.nanoTime() > deadline) {
        throw new TimeoutException("no " + pattern + " in\n" + log());
      }
      process.waitFor(50, TimeUnit.MILLISECONDS); // it does not end: this is a pause
    }
  }

  /** Returns a device as the server reports it. */
  static Device device(LavalierClient client, String id) throws LavalierException {
    return client.listDevices().stream()
        .filter(d -> d.deviceId().equals(id))
        .findFirst()
        .orElseThrow();
  }

  /** Polls until a device is closed. */
  static void awaitClosed(LavalierClient client, String id)
      throws LavalierException, TimeoutException {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(TIMEOUT_SECONDS);
    Device device = device(client, id);
    while (device.state() != DeviceState.CLOSED) {
      if (System.nanoTime() > deadline) {
        throw new TimeoutException("still " + device);
      }
      device = device(client, id);
    }
  }

  /** Returns the names of the server's threads that start with {@code prefix}. */
  List<String> threads(String prefix) throws IOException {
    List<String> names = new ArrayList<>();
    try (var tasks = Files.list(Path.of("/proc/" + pid() + "/task"))) {
      for (Path task : tasks.toList()) {
        try {
          String name = Files.readString(task.resolve("comm")).strip();
          if (name.startsWith(prefix)) {
            names.add(name);
          }
        } catch (IOException e) {
          // The thread has ended since.
        }
      }
    }
    return names;
  }

  /**
   * Waits at most 20 s for two seconds in which the server used less than {@code share} of a core;
   * returns the smallest share measured. The JIT compiler may be busy at first; a busy loop would
   * never end.
   */
  double awaitCpuBelow(double share) throws IOException, InterruptedException {
    double lowest = Double.MAX_VALUE;
    for (int i = 0; i < 10 && lowest >= share; i++) {
      long before = cpuTicks();
      process.waitFor(2, TimeUnit.SECONDS); // it does not end: this is a pause
      lowest = Math.min(lowest, (cpuTicks() - before) / 2.0 / TICKS_PER_SECOND);
    }
    return lowest;
  }

  /**
   * Returns how often per second the server's threads blocked: the least of up to ten measurements
   * of 2 s, of which the first below {@code perSecond} is the last. Unlike processor time, it does
   * not depend on the speed of the machine.
   */
  double awaitWaitsBelow(double perSecond) throws IOException, InterruptedException {
    double lowest = Double.MAX_VALUE;
    for (int i = 0; i < 10 && lowest >= perSecond; i++) {
      Map<String, Long> before = waits();
      process.waitFor(2, TimeUnit.SECONDS); // it does not end: this is a pause
      long waits = 0;
      for (Map.Entry<String, Long> thread : waits().entrySet()) {
        waits += thread.getValue() - before.getOrDefault(thread.getKey(), 0L);
      }
      lowest = Math.min(lowest, waits / 2.0);
    }
    return lowest;
  }

  /** Returns the voluntary context switches of each thread so far. */
  private Map<String, Long> waits() throws IOException {
    Map<String, Long> waits = new HashMap<>();
    try (var threads = Files.newDirectoryStream(Path.of("/proc/" + pid() + "/task"))) {
      for (Path thread : threads) {
        try {
          for (String line : Files.readAllLines(thread.resolve("status"))) {
            if (line.startsWith("voluntary_ctxt_switches:")) {
              waits.put(
                  thread.getFileName().toString(), Long.parseLong(line.replaceAll("[^0-9]", "")));
            }
          }
        } catch (IOException e) {
          // The thread has ended.
        }
      }
    }
    return waits;
  }

  /** Returns the processor time that the server has used, in seconds. */
  double cpuSeconds() throws IOException {
    return cpuTicks() / TICKS_PER_SECOND;
  }

  private long cpuTicks() throws IOException {
    String stat = Files.readString(Path.of("/proc/" + pid() + "/stat"));
    String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
    return Long.parseLong(fields[11]) + Long.parseLong(fields[12]);
  }

  /** Returns the resident memory of the server, in bytes. */
  long residentBytes() throws IOException {
    return statusBytes("VmRSS:");
  }

  /** Returns the largest resident memory that the server has had, in bytes. */
  long maxResidentBytes() throws IOException {
    return statusBytes("VmHWM:");
  }

  private long statusBytes(String field) throws IOException {
    for (String line : Files.readAllLines(Path.of("/proc/" + pid() + "/status"))) {
      if (line.startsWith(field)) {
        return Long.parseLong(line.replaceAll("[^0-9]", "")) << 10;
      }
    }
    throw new IOException("no " + field);
  }

  /** Sends SIGTERM and returns the exit code. */
  int terminate() throws InterruptedException {
    requestStop();
    return awaitExit();
  }

  /** Sends SIGTERM. */
  void requestStop() {
    process.destroy();
  }

  /** Waits for the end of the server and returns the exit code. */
  int awaitExit() throws InterruptedException {
    if (!process.waitFor(TIMEOUT_SECONDS, TimeUnit.SECONDS)) {
      throw new AssertionError("the server did not stop\n" + log());
    }
    return process.exitValue();
  }

  /** Kills the server with SIGKILL. */
  void kill() throws InterruptedException {
    process.destroyForcibly().waitFor();
  }

  @Override
  public void close() throws IOException {
    process.destroyForcibly();
    Files.deleteIfExists(log);
  }
}
