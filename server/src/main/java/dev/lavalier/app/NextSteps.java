package dev.lavalier.app;

import java.io.File;
import java.io.IOException;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import picocli.CommandLine;

/** What a user who starts a server in a terminal can try next. */
final class NextSteps {

  private static final String BUILT_CLIENT = "client/cli/target/lavalier.jar";

  /** The server that the client uses without {@code --server}. */
  private static final String CLIENT_DEFAULT = "127.0.0.1:50051";

  private static final int GROUPS = 8; // of an IPv6 address

  private NextSteps() {}

  /**
   * Returns the text; empty if there is a default device, but no client is installed.
   *
   * @param directory the working directory
   * @param searchPath the value of the variable PATH
   * @param server the address of the server for the option {@code --server}
   * @param hasDefaultDevice whether the commands find a device
   */
  static Optional<String> text(
      Path directory, String searchPath, String server, boolean hasDefaultDevice) {
    if (!hasDefaultDevice) {
      return Optional.of(
          "No microphone was found, so there is no default device. --demo gives a test tone.");
    }
    return client(directory, searchPath)
        .map(
            program ->
                server.equals(CLIENT_DEFAULT) ? program : program + " --server " + quoted(server))
        .map(
            command ->
                """
                Now try, in another terminal:
                  %1$s devices
                  %1$s meter
                  %1$s record --seconds 5 take.wav\
                """
                    .formatted(command));
  }

  /** Returns the client that was built here, or else the one that is installed. */
  private static Optional<String> client(Path directory, String searchPath) {
    if (Files.exists(directory.resolve(BUILT_CLIENT))) {
      return Optional.of("java -jar " + BUILT_CLIENT);
    }
    return Arrays.stream(searchPath.split(File.pathSeparator, -1))
            .anyMatch(folder -> new File(folder, "lavalier").canExecute())
        ? Optional.of("lavalier")
        : Optional.empty();
  }

  /** Returns the address at which a server is reached on this machine. */
  static String reachableAddress(InetAddress bound, int port) {
    return address(reachable(bound), port);
  }

  /** A server that listens on every address is reached on this machine through loopback. */
  private static InetAddress reachable(InetAddress bound) {
    if (!bound.isAnyLocalAddress()) {
      return bound;
    }
    byte[] loopback =
        bound instanceof Inet6Address
            ? new byte[] {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}
            : new byte[] {127, 0, 0, 1};
    try {
      return InetAddress.getByAddress(loopback);
    } catch (IOException e) {
      throw new IllegalStateException(e); // the length is right
    }
  }

  /** Shells expand brackets, and a path can contain anything. */
  private static String quoted(String address) {
    return address.matches("[\\w.:/%@+,-]*") ? address : "'" + address.replace("'", "'\\''") + "'";
  }

  /** Returns host and port. An IPv6 address is in brackets and in its short form (RFC 5952). */
  static String address(InetAddress host, int port) {
    return host instanceof Inet6Address v6
        ? "[" + shortForm(v6) + "]:" + port
        : host.getHostAddress() + ":" + port;
  }

  private static String shortForm(Inet6Address address) {
    String full = address.getHostAddress(); // eight numbers, and the scope if it has one
    int percent = full.indexOf('%');
    String scope = percent < 0 ? "" : full.substring(percent);
    String[] groups = full.substring(0, full.length() - scope.length()).split(":", -1);
    int start = 0;
    int length = 1; // a single zero is not shortened
    for (int from = 0; from < GROUPS; from++) {
      int to = from;
      while (to < GROUPS && groups[to].equals("0")) {
        to++;
      }
      if (to - from > length) {
        start = from;
        length = to - from;
      }
    }
    if (length == 1) {
      return String.join(":", groups) + scope;
    }
    return String.join(":", Arrays.asList(groups).subList(0, start))
        + "::"
        + String.join(":", Arrays.asList(groups).subList(start + length, GROUPS))
        + scope;
  }

  /**
   * Returns whether standard error is a terminal, according to /proc. Without /proc, picocli's
   * guess counts.
   */
  static boolean isTerminal() {
    try {
      String target = Files.readSymbolicLink(Path.of("/proc/self/fd/2")).toString();
      return target.startsWith("/dev/pts/")
          || target.startsWith("/dev/tty")
          || target.equals("/dev/console");
    } catch (IOException | UnsupportedOperationException e) {
      return CommandLine.Help.Ansi.AUTO.enabled();
    }
  }
}
