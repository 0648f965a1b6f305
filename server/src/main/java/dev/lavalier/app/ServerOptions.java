package dev.lavalier.app;

import dev.lavalier.access.Reloadable;
import dev.lavalier.access.TokenFile;
import dev.lavalier.hub.HubConfig;
import dev.lavalier.netty.ServerTls;
import java.nio.file.Path;
import java.util.Optional;
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
   * Returns the configuration of the server. Reads the certificate and token files.
   *
   * @throws IllegalArgumentException if a value is invalid; its message is one line for the user
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
