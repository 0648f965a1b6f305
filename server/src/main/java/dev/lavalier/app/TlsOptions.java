package dev.lavalier.app;

import dev.lavalier.access.InvalidFileException;
import dev.lavalier.access.TlsFiles;
import dev.lavalier.netty.ServerTls;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options for TLS and client certificates. */
final class TlsOptions {

  @Option(
      names = "--tls-cert",
      paramLabel = "FILE",
      description =
          "The server's certificate in PEM form, followed by its chain. Reloaded when it changes.")
  private @Nullable Path certificate;

  @Option(
      names = "--tls-key",
      paramLabel = "FILE",
      description =
          "Private key of the certificate: PEM, PKCS #8, no password. Reloaded when it changes.")
  private @Nullable Path key;

  @Option(
      names = "--tls-client-ca",
      paramLabel = "FILE",
      description =
          "Accept only clients with a certificate that one of these CAs has signed. PEM form."
              + " Reloaded when it changes.")
  private @Nullable Path clientCa;

  /**
   * Reads the files.
   *
   * @return the TLS of the server; empty: no encryption
   * @throws IllegalArgumentException if an option is missing or a file cannot be used; its message
   *     is one line for the user
   */
  Optional<ServerTls> read() {
    if (certificate == null && key == null) {
      if (clientCa != null) {
        throw new IllegalArgumentException(
            "tls-client-ca: %s (expected: --tls-cert and --tls-key as well)".formatted(clientCa));
      }
      return Optional.empty();
    }
    if (certificate == null) {
      throw new IllegalArgumentException(
          "tls-key: %s (expected: --tls-cert as well)".formatted(key));
    }
    if (key == null) {
      throw new IllegalArgumentException(
          "tls-cert: %s (expected: --tls-key as well)".formatted(certificate));
    }
    try {
      return Optional.of(
          new ServerTls(new TlsFiles(certificate, key, Optional.ofNullable(clientCa))));
    } catch (InvalidFileException e) {
      throw new IllegalArgumentException(e.getMessage(), e);
    }
  }
}
