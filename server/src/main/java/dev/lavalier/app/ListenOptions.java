package dev.lavalier.app;

import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.Optional;
import picocli.CommandLine.Option;

/** Where the server listens. */
final class ListenOptions {

  @Option(
      names = "--bind",
      paramLabel = "ADDRESS",
      defaultValue = "127.0.0.1",
      description = "Address to listen on (default: ${DEFAULT-VALUE}).")
  private String bind;

  @Option(
      names = "--port",
      paramLabel = "PORT",
      defaultValue = "50051",
      description = "Port to listen on; 0: a free one (default: ${DEFAULT-VALUE}).")
  private int port;

  @Option(
      names = "--insecure",
      description =
          "Allow an address beyond loopback without TLS, or without asking who calls: warned of at each start.")
  private boolean insecure;

  /**
   * Returns the address to listen on.
   *
   * @param encrypted whether there is TLS
   * @param requiresAuthentication whether a caller must be known
   * @throws IllegalArgumentException in one line for the user
   */
  InetSocketAddress address(boolean encrypted, boolean requiresAuthentication) {
    InetAddress address = inetAddress();
    if (!address.isLoopbackAddress() && !(encrypted && requiresAuthentication) && !insecure) {
      throw new IllegalArgumentException(
          ("bind: %s (expected: a loopback address, such as 127.0.0.1, or with it %s; without,"
                  + " whoever reaches it can listen: to allow that, add --insecure, or reach this"
                  + " server through a tunnel, as ssh -L)")
              .formatted(bind, missing(encrypted, requiresAuthentication)));
    }
    Checks.range("port", port, 0, 65_535);
    return new InetSocketAddress(address, port);
  }

  private static String missing(boolean encrypted, boolean requiresAuthentication) {
    String tls = "--tls-cert and --tls-key";
    String callers = "--token-file or --tls-client-ca";
    if (encrypted) {
      return callers;
    }
    return requiresAuthentication ? tls : tls + ", and " + callers;
  }

  private InetAddress inetAddress() {
    try {
      return InetAddress.getByName(bind);
    } catch (UnknownHostException e) {
      throw new IllegalArgumentException(
          "bind: %s (expected: an address of this machine)".formatted(bind), e);
    }
  }

  /**
   * Returns what the operator must be told at each start; empty: nothing.
   *
   * @param at the address as it came out
   */
  Optional<String> warning(String at, boolean encrypted, boolean requiresAuthentication) {
    if (inetAddress().isLoopbackAddress() || (encrypted && requiresAuthentication)) {
      return Optional.empty();
    }
    return Optional.of(
        requiresAuthentication
            ? "insecure: what goes to and from " + at + " can be read on the way, tokens too"
            : "insecure: whoever reaches " + at + " can listen to this machine");
  }

  /** Says in one line why it could not be listened on. */
  String bindFailureMessage(IOException e) {
    Throwable cause = e;
    while (cause.getCause() != null && !(cause instanceof BindException)) {
      cause = cause.getCause();
    }
    return "port: %d (expected: one that can be listened on at %s; %s)"
        .formatted(port, bind, cause.getMessage());
  }
}
