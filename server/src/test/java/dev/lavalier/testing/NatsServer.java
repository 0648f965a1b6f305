package dev.lavalier.testing;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;

/**
 * The program nats-server on a port of this machine that was free, with its configuration and log
 * in a directory. Skips the test if the program is not installed.
 */
public final class NatsServer implements AutoCloseable {

  private static final long TIMEOUT_NANOS = 20_000_000_000L;
  private static final int ATTEMPTS = 3;

  private final Path directory;
  private final int port;
  private Process process;

  private NatsServer(Path directory, int port) {
    this.directory = directory;
    this.port = port;
  }

  /** Returns a server that is not started. */
  public static NatsServer notStarted(Path directory) throws IOException, InterruptedException {
    requireInstalled();
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return new NatsServer(directory, free.getLocalPort());
    }
  }

  /** Skips the test if the program is not installed. */
  public static void requireInstalled() throws IOException, InterruptedException {
    Assumptions.assumeTrue(
        Programs.isInstalled("nats-server"), "nats-server is not installed (Debian: nats-server)");
  }

  /**
   * Returns a server that accepts connections.
   *
   * @param configuration what to add to its address
   */
  public static NatsServer started(Path directory, String configuration)
      throws IOException, InterruptedException {
    NatsServer server = notStarted(directory);
    server.start(configuration);
    return server;
  }

  /** Starts it, and waits until it accepts connections. */
  public void start(String configuration) throws IOException, InterruptedException {
    configure(configuration);
    for (int attempt = 1; attempt <= ATTEMPTS; attempt++) {
      process =
          new ProcessBuilder("nats-server", "-c", file().toString())
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.appendTo(logFile().toFile()))
              .start();
      if (isAccepting()) {
        return;
      }
      process.waitFor(1, TimeUnit.SECONDS);
    }
    throw new IOException("nats-server did not start: " + log());
  }

  private boolean isAccepting() throws InterruptedException {
    long end = System.nanoTime() + TIMEOUT_NANOS;
    while (process.isAlive() && System.nanoTime() < end) {
      try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
        return socket.isConnected();
      } catch (IOException e) {
        boolean unused = process.waitFor(10, TimeUnit.MILLISECONDS);
      }
    }
    return false;
  }

  /** Returns what the program says about a configuration. */
  public static String check(Path directory, String configuration)
      throws IOException, InterruptedException {
    requireInstalled();
    Path file = Files.writeString(directory.resolve("check.conf"), configuration);
    Path output = directory.resolve("check.log");
    Process process =
        new ProcessBuilder("nats-server", "-t", "-c", file.toString())
            .redirectErrorStream(true)
            .redirectOutput(output.toFile())
            .start();
    if (!process.waitFor(TIMEOUT_NANOS, TimeUnit.NANOSECONDS)) {
      process.destroyForcibly();
    }
    return Files.readString(output);
  }

  /** Writes another configuration, without effect on the running program. */
  public void configure(String configuration) throws IOException {
    Files.writeString(file(), "listen: \"127.0.0.1:%d\"\n%s\n".formatted(port, configuration));
  }

  /** Makes the program read its configuration again. */
  public void reload() throws IOException, InterruptedException {
    signal("HUP");
  }

  /** Sends a signal, for example STOP or CONT. */
  public void signal(String name) throws IOException, InterruptedException {
    Programs.run("kill", "-" + name, String.valueOf(process.pid()));
  }

  /** Kills the program, as a power failure would. */
  public void kill() {
    process.destroyForcibly().onExit().join();
  }

  /** Returns the URL for clients without TLS. */
  public String url() {
    return "nats://127.0.0.1:" + port;
  }

  /** Returns its port. */
  public int port() {
    return port;
  }

  private Path file() {
    return directory.resolve("nats-%d.conf".formatted(port));
  }

  /** Returns what it has logged so far. */
  public String log() throws IOException {
    return Files.readString(logFile());
  }

  private Path logFile() {
    return directory.resolve("nats-%d.log".formatted(port));
  }

  @Override
  public void close() {
    if (process != null) {
      kill();
    }
  }
}
