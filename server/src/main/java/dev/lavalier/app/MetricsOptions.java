package dev.lavalier.app;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options for the metrics endpoint. */
final class MetricsOptions {

  @Option(
      names = "--metrics-bind",
      paramLabel = "ADDRESS",
      defaultValue = "127.0.0.1",
      description =
          "Address for --metrics-port. Anyone who can reach it sees devices, levels and amounts, but not"
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

  @Option(
      names = "--metrics-host",
      paramLabel = "NAME",
      description =
          "Accept scrapes also through this host name. The server always accepts IP addresses,"
              + " names without dots and, if --metrics-bind is not loopback, the names of this"
              + " machine. Can be repeated.")
  private final Set<String> hosts = new LinkedHashSet<>();

  /**
   * The values of the options.
   *
   * @param address the address to listen on; port 0 selects a free port
   * @param hosts the hosts that requests can name
   */
  record Values(InetSocketAddress address, AcceptedHosts hosts) {}

  /**
   * Returns the values of the options; empty: there is no metrics endpoint, and the server keeps no
   * metrics.
   *
   * @throws IllegalArgumentException if a value is invalid; its message is one line for the user
   */
  Optional<Values> values() {
    if (port == null) {
      return Optional.empty();
    }
    Checks.range("metrics-port", port, 0, 65_535);
    try {
      InetAddress address = InetAddress.getByName(bind);
      List<String> names = new ArrayList<>(hosts);
      names.add(bind);
      return Optional.of(
          new Values(new InetSocketAddress(address, port), new AcceptedHosts(address, names)));
    } catch (UnknownHostException e) {
      throw new IllegalArgumentException(
          "metrics-bind: %s (expected: an address of this machine)".formatted(bind), e);
    }
  }
}
