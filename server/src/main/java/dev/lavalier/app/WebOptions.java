package dev.lavalier.app;

import dev.lavalier.web.WebServer;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options for the web port: the page, and calls from browsers. */
final class WebOptions {

  /** The port with {@code --demo}, if it is free. */
  private static final int DEMO_PORT = 8_080;

  @Option(
      names = "--web-port",
      paramLabel = "PORT",
      description =
          "Serve a page for browsers, calls over WebSocket and devices as HTTP streams on this port."
              + " 0 selects a free port. Default: none; with --demo: 8080, or a free port if it is in"
              + " use.")
  private @Nullable Integer port;

  @Option(
      names = "--web-bind",
      paramLabel = "ADDRESS",
      description =
          "Address for --web-port. Any address other than loopback has the same requirements as"
              + " --bind. Default: that of --bind.")
  private @Nullable String bind;

  @Option(
      names = "--web-origin",
      paramLabel = "ORIGIN",
      description =
          "Accept calls also from the pages of this web site, such as https://studio.example, and"
              + " requests that name its host. Can be repeated.")
  private final Set<String> origins = new LinkedHashSet<>();

  /**
   * The values of the options.
   *
   * @param address the address to listen on; port 0 selects a free port
   * @param otherwiseAnyPort whether to listen on a free port if the port is in use
   * @param origins the origins of web sites whose pages can call the server
   */
  record Values(InetSocketAddress address, boolean otherwiseAnyPort, List<String> origins) {}

  /**
   * Returns the values of the options; empty: there is no web port.
   *
   * @param listening the options of the other port
   * @param demo whether the server has a web port by default
   * @param encrypted whether the server uses TLS
   * @param requiresAuthentication whether every caller must be authenticated
   * @throws IllegalArgumentException if a value is invalid; its message is one line for the user
   */
  Optional<Values> values(
      ListenOptions listening, boolean demo, boolean encrypted, boolean requiresAuthentication) {
    List<String> normalized = normalizedOrigins();
    boolean byDefault = port == null && demo && !listening.noTcp();
    if (port == null && !byDefault) {
      return Optional.empty();
    }
    InetSocketAddress address =
        listening.webAddress(bind, byDefault ? DEMO_PORT : port, encrypted, requiresAuthentication);
    return Optional.of(new Values(address, byDefault, normalized));
  }

  private List<String> normalizedOrigins() {
    List<String> normalized = new ArrayList<>();
    for (String origin : origins) {
      normalized.add(
          WebServer.normalizedOrigin(origin)
              .orElseThrow(
                  () ->
                      new IllegalArgumentException(
                          "web-origin: %s (expected: https://HOST or http://HOST, with a port if it is not the default)"
                              .formatted(origin.isEmpty() ? "empty" : origin))));
    }
    return normalized;
  }
}
