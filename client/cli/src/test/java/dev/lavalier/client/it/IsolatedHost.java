package dev.lavalier.client.it;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * Another host for the kernel: a network namespace with a virtual cable that can be disconnected.
 * Needs root and iproute2. The only change to this machine's own network is one new device.
 */
final class IsolatedHost implements AutoCloseable {

  /** From the block that RFC 2544 reserves for tests: no network should use it. */
  private static final String NETWORK = "198.18.%d.".formatted(ProcessHandle.current().pid() % 256);

  static final String LOCAL_ADDRESS = NETWORK + 1;

  private static final String REMOTE_ADDRESS = NETWORK + 2;

  private final String namespace = "lavalier-" + ProcessHandle.current().pid();
  private final String localInterface = "lv" + ProcessHandle.current().pid() % 1_000_000 + "n";
  private final String remoteInterface = "lv" + ProcessHandle.current().pid() % 1_000_000 + "f";

  private IsolatedHost() {}

  /** Creates a host, or skips the test if that is not permitted. */
  static IsolatedHost create() throws IOException, InterruptedException {
    assumeTrue(ProcessRunner.succeeds("ip", "-V"), "there is no ip (Debian: iproute2)");
    IsolatedHost host = new IsolatedHost();
    try {
      assumeTrue(
          ProcessRunner.succeeds("ip", "netns", "add", host.namespace),
          "a network namespace cannot be created (this needs root)");
      host.ip(
          "link", "add", host.localInterface, "type", "veth", "peer", "name", host.remoteInterface);
      host.ip("link", "set", host.remoteInterface, "netns", host.namespace);
      host.ip("address", "add", LOCAL_ADDRESS + "/30", "dev", host.localInterface);
      host.ip("link", "set", host.localInterface, "up");
      host.ip(
          "-n",
          host.namespace,
          "address",
          "add",
          REMOTE_ADDRESS + "/30",
          "dev",
          host.remoteInterface);
      host.ip("-n", host.namespace, "link", "set", "lo", "up");
      host.connect();
      return host;
    } catch (IOException | InterruptedException | RuntimeException | Error e) {
      host.close();
      throw e;
    }
  }

  private void ip(String... args) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of("ip"));
    command.addAll(List.of(args));
    ProcessRunner.Result result = ProcessRunner.run(command);
    if (result.code() != 0) {
      throw new IOException(command + ": " + result.err());
    }
  }

  /** Returns the command that runs a command on that host. */
  List<String> commandInside(List<String> command) {
    List<String> wrapped = new ArrayList<>(List.of("ip", "netns", "exec", namespace));
    wrapped.addAll(command);
    return wrapped;
  }

  /** Disconnects the cable. Neither side is notified, and no further packet passes. */
  void disconnect() throws IOException, InterruptedException {
    ip("-n", namespace, "link", "set", remoteInterface, "down");
  }

  /** Connects the cable again. */
  void connect() throws IOException, InterruptedException {
    ip("-n", namespace, "link", "set", remoteInterface, "up");
  }

  /** Removes the host. The cable is removed with either of its ends. */
  @Override
  public void close() {
    ProcessRunner.succeeds("ip", "link", "delete", localInterface);
    ProcessRunner.succeeds("ip", "netns", "delete", namespace);
  }
}
