package dev.lavalier.client.it;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * Another host, as the kernel sees it: a network namespace, and a cable to it that can be cut.
 * Needs root and iproute2. Nothing of this machine's own network is touched but for the one new
 * device.
 */
final class CutOffHost implements AutoCloseable {

  /** Of the block that RFC 2544 keeps for tests: no network should have it. */
  static final String NEAR = "198.18.207.1";

  private static final String FAR = "198.18.207.2";

  private final String name = "lavalier-" + ProcessHandle.current().pid();
  private final String near = "lv" + ProcessHandle.current().pid() % 1_000_000 + "n";
  private final String far = "lv" + ProcessHandle.current().pid() % 1_000_000 + "f";

  private CutOffHost() {}

  /** Makes one, or skips the test where that may not be. */
  static CutOffHost plug() throws IOException, InterruptedException {
    assumeTrue(Programs.works("ip", "-V"), "there is no ip (Debian: iproute2)");
    CutOffHost host = new CutOffHost();
    try {
      assumeTrue(
          Programs.works("ip", "netns", "add", host.name),
          "no network namespace may be made (it takes root)");
      host.ip("link", "add", host.near, "type", "veth", "peer", "name", host.far);
      host.ip("link", "set", host.far, "netns", host.name);
      host.ip("address", "add", NEAR + "/30", "dev", host.near);
      host.ip("link", "set", host.near, "up");
      host.ip("-n", host.name, "address", "add", FAR + "/30", "dev", host.far);
      host.ip("-n", host.name, "link", "set", host.far, "up");
      return host;
    } catch (IOException | InterruptedException | RuntimeException | Error e) {
      host.close();
      throw e;
    }
  }

  private void ip(String... args) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of("ip"));
    command.addAll(List.of(args));
    Programs.Result result = Programs.run(command);
    if (result.code() != 0) {
      throw new IOException(command + ": " + result.err());
    }
  }

  /** Returns the command that runs another there. */
  List<String> running(List<String> command) {
    List<String> there = new ArrayList<>(List.of("ip", "netns", "exec", name));
    there.addAll(command);
    return there;
  }

  /** Cuts the cable: neither side hears of it, and no packet passes any more. */
  void cut() throws IOException, InterruptedException {
    ip("-n", name, "link", "set", far, "down");
  }

  /** Takes it all away again. The cable goes with either end. */
  @Override
  public void close() {
    Programs.works("ip", "link", "delete", near);
    Programs.works("ip", "netns", "delete", name);
  }
}
