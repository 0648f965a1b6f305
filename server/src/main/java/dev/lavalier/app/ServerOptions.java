package dev.lavalier.app;

import dev.lavalier.access.Reloadable;
import dev.lavalier.access.TokenFile;
import dev.lavalier.hub.HubConfig;
import dev.lavalier.netty.ServerTls;
import dev.lavalier.netty.TransportLimits;
import dev.lavalier.netty.UnixSocket;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** All options of a server. */
final class ServerOptions {

  @Option(
      names = "--config",
      paramLabel = "FILE",
      description = {
        "YAML file with any of these options. The keys are the names of the options without the"
            + " dashes.",
        "Each option can also be an environment variable: --max-subscribers is"
            + " LAVALIER_MAX_SUBSCRIBERS. Flags take precedence over the environment, and the"
            + " environment over the file."
      })
  @SuppressWarnings("unused") // ServerMain reads it before the options are complete
  private @Nullable Path config;

  @Mixin private ListenOptions listening;
  @Mixin private WebOptions web;
  @Mixin private CaptureOptions capture;
  @Mixin private LimitOptions limits;
  @Mixin private ResourceOptions resources;
  @Mixin private TlsOptions tls;
  @Mixin private AccessOptions access;
  @Mixin private FleetOptions fleet;
  @Mixin private MetricsOptions metrics;
  @Mixin private LoggingOptions logging;

  LoggingOptions logging() {
    return logging;
  }

  /**
   * Checks the options and returns their values. Reads the certificate, token and WAV files.
   *
   * @throws IllegalArgumentException if a value is invalid; its message is one line for the user
   */
  Values values() {
    logging.check();
    CaptureOptions.Values captureValues = capture.values();
    HubConfig hub =
        new HubConfig(
            limits.subscribers(),
            resources.values(limits.subscribers().total()),
            limits.stallTimeout(),
            captureValues.history(),
            captureValues.keptOpen());
    Optional<ServerTls> certificate = tls.read();
    Optional<Reloadable<TokenFile>> tokens = access.tokens();
    boolean encrypted = certificate.isPresent();
    boolean authenticated = requiresAuthentication(certificate, tokens);
    Predicate<String> allowed = access.allowed(captureValues.keptOpen());
    Optional<FleetOptions.Values> fleetValues = fleet.values(listening.insecure(), allowed);
    if (isEdge(fleetValues)) {
      capture.requireNoLocalDevices();
    }
    return new Values(
        listening.tcpAddress(encrypted, authenticated),
        listening.unixSocket(),
        web.values(listening, captureValues.demo(), encrypted, authenticated),
        captureValues,
        allowed,
        hub,
        limits.transport(),
        listening.directFrames(),
        certificate,
        tokens,
        fleetValues,
        metrics.values());
  }

  private static boolean requiresAuthentication(
      Optional<ServerTls> tls, Optional<Reloadable<TokenFile>> tokens) {
    return tokens.isPresent() || (tls.isPresent() && tls.get().requiresClientCertificates());
  }

  private static boolean isEdge(Optional<FleetOptions.Values> fleet) {
    return fleet.isPresent() && fleet.get().role() == FleetOptions.Role.EDGE;
  }

  /**
   * The values of the options, and the contents of the files that they name.
   *
   * @param address the address to listen on; port 0 selects a free port; empty: only the Unix
   *     socket
   * @param unixSocket the Unix socket to listen on; empty: none
   * @param web the values of the options for the web port; empty: none
   * @param capture the values of the options for capture devices
   * @param allowed the filter for the ids of the devices that the server offers
   * @param hub the settings of the hub
   * @param transport the limits of the transport
   * @param directFrames whether frames are sent directly to the sockets if possible
   * @param tls the TLS of the server; empty: no encryption
   * @param tokens the token file; empty: callers need no token
   * @param fleet the values of the options for a fleet; empty: the server is in none
   * @param metrics the metrics endpoint; empty: the server keeps no metrics
   */
  record Values(
      Optional<InetSocketAddress> address,
      Optional<UnixSocket> unixSocket,
      Optional<WebOptions.Values> web,
      CaptureOptions.Values capture,
      Predicate<String> allowed,
      HubConfig hub,
      TransportLimits transport,
      boolean directFrames,
      Optional<ServerTls> tls,
      Optional<Reloadable<TokenFile>> tokens,
      Optional<FleetOptions.Values> fleet,
      Optional<MetricsOptions.Values> metrics) {

    /** Returns whether the server serves the devices of nodes in place of its own. */
    boolean isEdge() {
      return ServerOptions.isEdge(fleet);
    }

    /** Returns whether every caller must be authenticated. */
    boolean requiresAuthentication() {
      return ServerOptions.requiresAuthentication(tls, tokens);
    }
  }
}
