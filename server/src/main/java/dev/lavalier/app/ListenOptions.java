package dev.lavalier.app;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.Optional;
import picocli.CommandLine.Option;

/** The options for the address that the server listens on. */
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

  /**
   * Returns the address to listen on.
   *
   * @param encrypted whether the server uses TLS
   * @param requiresAuthentication whether every caller must be authenticated
   * @throws IllegalArgumentException if the address or port is not allowed; its message is one line
   *     for the user
   */
  InetSocketAddress address(boolean encrypted, boolean requiresAuthentication) {
    InetAddress address = inetAddress();
    if (!address.isLoopbackAddress() && !(encrypted && requiresAuthentication) && !insecure) {
      throw new IllegalArgumentException(
          ("bind: %s (expected: a loopback address, such as 127.0.0.1; any other address requires"
                  + " %s. Use a tunnel such as ssh -L, or add --insecure to listen without"
                  + " protection)")
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
   * Returns the warning for the operator at each start; empty: none.
   *
   * @param at the address and port that the server listens on
   */
  Optional<String> warning(String at, boolean encrypted, boolean requiresAuthentication) {
    if (inetAddress().isLoopbackAddress() || (encrypted && requiresAuthentication)) {
      return Optional.empty();
    }
    return Optional.of(
        requiresAuthentication
            ? "insecure: traffic to and from " + at + ", including tokens, is not encrypted"
            : "insecure: anyone who can reach " + at + " can listen to this machine");
  }
}
