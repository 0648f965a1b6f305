package dev.lavalier.client.it;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * One nats-server, or a cluster of several, each a process with its configuration and its log in a
 * folder. A process ends by itself after a while if it was not stopped.
 */
final class NatsCluster implements AutoCloseable {

  private static final String LOOPBACK = "127.0.0.1";
  private static final String LIFETIME = "600";
  private static final long TIMEOUT_SECONDS = 20;

  private final Path dir;
  private final String host;
  private final int[] ports;
  private final Process[] processes;

  private NatsCluster(Path dir, String host, int servers) throws IOException {
    this.dir = dir;
    this.host = host;
    this.ports = freePorts(host, servers);
    this.processes = new Process[servers];
  }

  /** Starts servers on loopback, or skips the test if nats-server is not installed. */
  static NatsCluster start(Path dir, int servers) throws Exception {
    NatsCluster cluster = create(dir, LOOPBACK, servers);
    for (int i = 0; i < servers; i++) {
      cluster.start(i);
    }
    cluster.awaitRoutes();
    return cluster;
  }

  /** Writes the configuration of servers. None of them is started. */
  static NatsCluster create(Path dir, String host, int servers) throws Exception {
    assumeTrue(
        ProcessRunner.succeeds("nats-server", "--version"),
        "there is no nats-server (Debian: nats-server)");
    NatsCluster cluster = new NatsCluster(dir, host, servers);
    int[] routes = freePorts(host, servers);
    for (int i = 0; i < servers; i++) {
      List<String> others = new ArrayList<>();
      for (int j = 0; j < servers; j++) {
        if (j != i) {
          others.add("\"nats://%s:%d\"".formatted(host, routes[j]));
        }
      }
      String config =
          """
          server_name: "n%d"
          listen: "%s:%d"
          write_deadline: "1s"
          max_payload: 1MB
          """
              .formatted(i, host, cluster.ports[i]);
      if (servers > 1) {
        config +=
            """
            cluster { name: "fleet", listen: "%s:%d", routes: [%s] }
            """
                .formatted(host, routes[i], String.join(", ", others));
      }
      Files.writeString(cluster.config(i), config);
    }
    return cluster;
  }

  private static int[] freePorts(String host, int count) throws IOException {
    List<ServerSocket> sockets = new ArrayList<>();
    int[] ports = new int[count];
    try {
      for (int i = 0; i < count; i++) {
        ServerSocket socket = new ServerSocket();
        sockets.add(socket);
        socket.bind(new InetSocketAddress(InetAddress.getByName(host), 0));
        ports[i] = socket.getLocalPort();
      }
    } finally {
      for (ServerSocket socket : sockets) {
        socket.close();
      }
    }
    return ports;
  }

  private Path config(int server) {
    return dir.resolve("nats-" + server + ".conf");
  }

  private Path logFile(int server) {
    return dir.resolve("nats-" + server + ".log");
  }

  /** Returns the URL of a server. */
  String url(int server) {
    return "nats://" + address(server);
  }

  /** Returns the {@code HOST:PORT} of a server. */
  String address(int server) {
    return host + ":" + ports[server];
  }

  /** Starts a server that is not running, and waits until it is ready. */
  void start(int server) throws IOException, InterruptedException, TimeoutException {
    Files.deleteIfExists(logFile(server));
    processes[server] =
        new ProcessBuilder(
                List.of("timeout", LIFETIME, "nats-server", "-c", config(server).toString()))
            .redirectErrorStream(true)
            .redirectOutput(logFile(server).toFile())
            .start();
    awaitLog(server, "Server is ready", 1);
  }

  private void awaitRoutes() throws IOException, InterruptedException, TimeoutException {
    for (int i = 0; i < ports.length; i++) {
      awaitLog(i, "Route connection created", ports.length - 1);
    }
  }

  private void awaitLog(int server, String text, int count)
      throws IOException, InterruptedException, TimeoutException {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(TIMEOUT_SECONDS);
    while (log(server).lines().filter(line -> line.contains(text)).count() < count) {
      if (!processes[server].isAlive() || System.nanoTime() > deadline) {
        throw new TimeoutException("no %s in%n%s".formatted(text, log(server)));
      }
      processes[server].waitFor(20, TimeUnit.MILLISECONDS); // it does not end: this is a pause
    }
  }

  /** Returns the log of a server so far. */
  String log(int server) throws IOException {
    return Files.exists(logFile(server)) ? Files.readString(logFile(server)) : "";
  }

  /** Kills a server with SIGKILL. */
  void kill(int server) throws InterruptedException {
    destroy(processes[server]);
    processes[server].waitFor();
  }

  @Override
  public void close() {
    for (Process process : processes) {
      if (process != null) {
        destroy(process);
      }
    }
  }

  /** Kills a nats-server; the program that limits its lifetime then ends. */
  private static void destroy(Process process) {
    process.children().forEach(ProcessHandle::destroyForcibly);
  }
}
