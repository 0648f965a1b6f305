package dev.lavalier.app;

import dev.lavalier.access.InvalidFileException;
import dev.lavalier.access.TlsFiles;
import dev.lavalier.netty.ServerTls;
import java.nio.file.Path;
import java.util.Optional;
import picocli.CommandLine.Option;

/** How the server is encrypted, and whose clients it takes. */
final class TlsOptions {

  @Option(
      names = "--tls-cert",
      paramLabel = "FILE",
      description =
          "The server's certificate in PEM form, its chain after it; read again when it changes.")
  private Path certificate;

  @Option(
      names = "--tls-key",
      paramLabel = "FILE",
      description = "The certificate's key: PEM, PKCS#8, no password.")
  private Path key;

  @Option(
      names = "--tls-client-ca",
      paramLabel = "FILE",
      description = "Take only clients with a certificate of one of these CAs, in PEM form.")
  private Path clientCa;

  /**
   * Reads the files.
   *
   * @return empty: no encryption
   * @throws IllegalArgumentException in one line for the user
   */
  Optional<ServerTls> read() {
    if (certificate == null && key == null) {
      if (clientCa != null) {
        throw new IllegalArgumentException(
            "tls-client-ca: %s (expected: --tls-cert and --tls-key with it)".formatted(clientCa));
      }
      return Optional.empty();
    }
    if (certificate == null) {
      throw new IllegalArgumentException(
          "tls-key: %s (expected: --tls-cert with it)".formatted(key));
    }
    if (key == null) {
      throw new IllegalArgumentException(
          "tls-cert: %s (expected: --tls-key with it)".formatted(certificate));
    }
    try {
      return Optional.of(
          new ServerTls(new TlsFiles(certificate, key, Optional.ofNullable(clientCa))));
    } catch (InvalidFileException e) {
      throw new IllegalArgumentException(e.getMessage(), e);
    }
  }
}
