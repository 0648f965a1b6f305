package dev.lavalier.app;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options for the metrics endpoint. */
final class MetricsOptions {

  @Option(
      names = "--metrics-bind",
      paramLabel = "ADDRESS",
      defaultValue = "127.0.0.1",
      description =
          "Address for --metrics-port. Anyone who can reach it sees devices and amounts, but not"
              + " callers."
              + " Default: ${DEFAULT-VALUE}.")
  private String bind;

  @Option(
      names = "--metrics-port",
      paramLabel = "PORT",
      description =
          "Serve metrics for Prometheus at http://ADDRESS:PORT/metrics. 0 selects a free port."
              + " Default: none.")
  private @Nullable Integer port;

  /**
   * Returns the address of the metrics endpoint; empty: there is none, and the server keeps no
   * metrics.
   *
   * @throws IllegalArgumentException if a value is invalid; its message is one line for the user
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
