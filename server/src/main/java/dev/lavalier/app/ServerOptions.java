package dev.lavalier.app;

import dev.lavalier.access.Reloadable;
import dev.lavalier.access.TokenFile;
import dev.lavalier.hub.HubConfig;
import dev.lavalier.netty.ServerTls;
import java.nio.file.Path;
import java.util.Optional;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Everything that a server can be told. */
final class ServerOptions {

  @Option(
      names = "--config",
      paramLabel = "FILE",
      description = {
        "YAML file with any of these options: their names without the dashes are its keys.",
        "Each can be an environment variable too: --max-subscribers is LAVALIER_MAX_SUBSCRIBERS."
            + " Flags go before the environment, and that before the file."
      })
  @SuppressWarnings("unused") // ServerMain needs it before there are options
  private Path config;

  @Mixin private ListenOptions listening;
  @Mixin private CaptureOptions capture;
  @Mixin private LimitOptions limits;
  @Mixin private TlsOptions tls;
  @Mixin private AccessOptions access;
  @Mixin private MetricsOptions metrics;
  @Mixin private LoggingOptions logging;

  ListenOptions listening() {
    return listening;
  }

  LoggingOptions logging() {
    return logging;
  }

  /**
   * Returns what a server is started with.
   *
   * @throws IllegalArgumentException in one line for the user
   */
  ServerConfig serverConfig() {
    logging.check();
    HubConfig hub =
        new HubConfig(
            limits.subscribers(), limits.stallTimeout(), capture.history(), capture.keptOpen());
    Optional<ServerTls> certificate = tls.read();
    Optional<Reloadable<TokenFile>> tokens = access.tokens();
    return new ServerConfig(
        listening.address(
            certificate.isPresent(), ServerConfig.requiresAuthentication(certificate, tokens)),
        capture.format(),
        capture.deviceFormats(),
        capture.period(),
        hub,
        limits.transport(),
        capture.demo(),
        capture.virtualDevices(),
        access.allowed(capture.keptOpen()),
        certificate,
        tokens,
        metrics.address());
  }
}
