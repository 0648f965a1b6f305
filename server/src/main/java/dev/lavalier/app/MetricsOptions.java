package dev.lavalier.app;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.Optional;
import picocli.CommandLine.Option;

/** Where the server tells its figures. */
final class MetricsOptions {

  @Option(
      names = "--metrics-bind",
      paramLabel = "ADDRESS",
      defaultValue = "127.0.0.1",
      description =
          "Address for --metrics-port; whoever reaches it learns of devices and figures, not of"
              + " who listens (default: ${DEFAULT-VALUE}).")
  private String bind;

  @Option(
      names = "--metrics-port",
      paramLabel = "PORT",
      description =
          "Give Prometheus figures at http://ADDRESS:PORT/metrics; 0: a free one (default: none).")
  private Integer port;

  /**
   * Returns where figures are told; empty: nowhere, and none are kept.
   *
   * @throws IllegalArgumentException in one line for the user
   */
  Optional<InetSocketAddress> address() {
    if (port == null) {
      return Optional.empty();
    }
    Checks.range("metrics-port", port, 0, 65_535);
    try {
      return Optional.of(new InetSocketAddress(InetAddress.getByName(bind), port));
    } catch (UnknownHostException e) {
      throw new IllegalArgumentException(
          "metrics-bind: %s (expected: an address of this machine)".formatted(bind), e);
    }
  }
}
