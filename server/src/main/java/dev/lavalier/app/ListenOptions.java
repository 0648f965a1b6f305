package dev.lavalier.app;

import dev.lavalier.netty.UnixSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options for the address and the Unix socket that the server listens on, and for sending. */
final class ListenOptions {

  @Option(
      names = "--bind",
      paramLabel = "ADDRESS",
      defaultValue = "127.0.0.1",
      description = "Address to listen on. Default: ${DEFAULT-VALUE}.")
  private String bind;

  @Option(
      names = "--port",
      paramLabel = "PORT",
      defaultValue = "50051",
      description = "Port to listen on. 0 selects a free port. Default: ${DEFAULT-VALUE}.")
  private int port;

  @Option(
      names = "--insecure",
      description =
          "Allow non-loopback addresses without TLS or authentication. Logs a warning at startup.")
  private boolean insecure;

  @Option(
      names = "--unix-socket",
      paramLabel = "PATH",
      description =
          "Unix socket to listen on, in addition to the port. Only for programs on this machine,"
              + " without TLS.")
  private @Nullable Path unixSocket;

  @Option(
      names = "--unix-socket-mode",
      paramLabel = "MODE",
      defaultValue = "0660",
      description =
          "Permissions of the Unix socket, in octal. Users with write permission can connect. Default:"
              + " ${DEFAULT-VALUE}.")
  private String unixSocketMode;

  @Option(names = "--no-tcp", description = "Listen only on the Unix socket, and on no port.")
  private boolean noTcp;

  @Option(
      names = "--direct-frames",
      arity = "0..1",
      defaultValue = "true",
      fallbackValue = "true",
      description =
          "Send frames directly to the socket while a subscriber keeps up, which needs less processor"
              + " time. Default: ${DEFAULT-VALUE}.")
  private boolean directFrames;

  /** Returns whether the server listens only on the Unix socket. */
  boolean noTcp() {
    return noTcp;
  }

  /** Returns whether connections to and from other machines need no protection. */
  boolean insecure() {
    return insecure;
  }

  /** Returns whether frames are sent directly to the sockets if possible. */
  boolean directFrames() {
    return directFrames;
  }

  /**
   * Returns the Unix socket to listen on; empty: none.
   *
   * @throws IllegalArgumentException if the path or the mode is not valid; its message is one line
   *     for the user
   */
  Optional<UnixSocket> unixSocket() {
    Set<PosixFilePermission> permissions = permissions();
    if (unixSocket == null) {
      if (noTcp) {
        throw new IllegalArgumentException("no-tcp: true (expected: --unix-socket as well)");
      }
      return Optional.empty();
    }
    String text = unixSocket.toString();
    if (text.isEmpty() || text.startsWith("unix:")) {
      throw new IllegalArgumentException(
          "unix-socket: %s (expected: a path, such as /run/lavalier/lavalier.sock)"
              .formatted(text.isEmpty() ? "empty" : text));
    }
    if (!UnixSocket.isSupported()) {
      throw new IllegalArgumentException(
          "unix-socket: %s (expected: Linux on x86-64 or ARM64; elsewhere, use the port)"
              .formatted(text));
    }
    return Optional.of(new UnixSocket(unixSocket.toAbsolutePath().normalize(), permissions));
  }

  private Set<PosixFilePermission> permissions() {
    if (!unixSocketMode.matches("0?[0-7]{3}")) {
      throw new IllegalArgumentException(
          "unix-socket-mode: %s (expected: three octal digits, such as 0660)"
              .formatted(unixSocketMode));
    }
    int mode = Integer.parseInt(unixSocketMode, 8);
    StringBuilder letters = new StringBuilder("rwxrwxrwx");
    for (int i = 0; i < letters.length(); i++) {
      if ((mode & 0400 >> i) == 0) {
        letters.setCharAt(i, '-');
      }
    }
    return PosixFilePermissions.fromString(letters.toString());
  }

  /**
   * Returns the address to listen on; empty: no port.
   *
   * @param encrypted whether the server uses TLS
   * @param requiresAuthentication whether every caller must be authenticated
   * @throws IllegalArgumentException if the address or port is not allowed; its message is one line
   *     for the user
   */
  Optional<InetSocketAddress> tcpAddress(boolean encrypted, boolean requiresAuthentication) {
    return noTcp ? Optional.empty() : Optional.of(address(encrypted, requiresAuthentication));
  }

  /**
   * Returns the address to listen on.
   *
   * @param encrypted whether the server uses TLS
   * @param requiresAuthentication whether every caller must be authenticated
   * @throws IllegalArgumentException if the address or port is not allowed; its message is one line
   *     for the user
   */
  InetSocketAddress address(boolean encrypted, boolean requiresAuthentication) {
    return address("bind", bind, "port", port, encrypted, requiresAuthentication);
  }

  /**
   * Returns the address of the web port, for which the same rules apply.
   *
   * @param address the value of {@code --web-bind}; null: as {@code --bind}
   * @param encrypted whether the server uses TLS
   * @param requiresAuthentication whether every caller must be authenticated
   * @throws IllegalArgumentException if the address or port is not allowed; its message is one line
   *     for the user
   */
  InetSocketAddress webAddress(
      @Nullable String address, int webPort, boolean encrypted, boolean requiresAuthentication) {
    return address(
        address == null ? "bind" : "web-bind",
        address == null ? bind : address,
        "web-port",
        webPort,
        encrypted,
        requiresAuthentication);
  }

  private InetSocketAddress address(
      String bindKey,
      String bound,
      String portKey,
      int number,
      boolean encrypted,
      boolean requiresAuthentication) {
    InetAddress address = inetAddress(bindKey, bound);
    if (!address.isLoopbackAddress() && !(encrypted && requiresAuthentication) && !insecure) {
      throw new IllegalArgumentException(
          ("%s: %s (expected: a loopback address, such as 127.0.0.1; any other address requires"
                  + " %s. Use a tunnel such as ssh -L, or add --insecure to listen without"
                  + " protection)")
              .formatted(bindKey, bound, missing(encrypted, requiresAuthentication)));
    }
    Checks.range(portKey, number, 0, 65_535);
    return new InetSocketAddress(address, number);
  }

  private static String missing(boolean encrypted, boolean requiresAuthentication) {
    String tls = "--tls-cert and --tls-key";
    String callers = "--token-file or --tls-client-ca";
    if (encrypted) {
      return callers;
    }
    return requiresAuthentication ? tls : tls + ", and " + callers;
  }

  private static InetAddress inetAddress(String key, String address) {
    try {
      return InetAddress.getByName(address);
    } catch (UnknownHostException e) {
      throw new IllegalArgumentException(
          "%s: %s (expected: an address of this machine)".formatted(key, address), e);
    }
  }

  /**
   * Returns the warning for the operator at each start; empty: none.
   *
   * @param address the address that the server listens on
   * @param at the address and port, for the message
   */
  static Optional<String> warning(
      InetAddress address, String at, boolean encrypted, boolean requiresAuthentication) {
    if (address.isLoopbackAddress() || (encrypted && requiresAuthentication)) {
      return Optional.empty();
    }
    return Optional.of(
        requiresAuthentication
            ? "insecure: traffic to and from " + at + ", including tokens, is not encrypted"
            : "insecure: anyone who can reach " + at + " can listen to this machine");
  }
}
