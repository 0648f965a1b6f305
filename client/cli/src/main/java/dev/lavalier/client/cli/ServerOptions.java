package dev.lavalier.client.cli;

import dev.lavalier.client.ConnectOptions;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Option;
import picocli.CommandLine.ScopeType;

/** The server to talk to; every command has these. */
final class ServerOptions {

  private static final String TOKEN_VARIABLE = "LAVALIER_TOKEN";

  @Option(
      names = "--server",
      paramLabel = "HOST:PORT",
      defaultValue = "127.0.0.1:50051",
      scope = ScopeType.INHERIT,
      description = "Server to talk to (default: ${DEFAULT-VALUE}).")
  private String server;

  @Option(
      names = "--tls",
      scope = ScopeType.INHERIT,
      description = "Encrypt, and trust what Java trusts; --ca and --cert imply it.")
  private boolean tls;

  @Option(
      names = "--ca",
      paramLabel = "FILE",
      scope = ScopeType.INHERIT,
      description = "Trust servers for which these certificates vouch, and no others; PEM.")
  private Path ca;

  @Option(
      names = "--cert",
      paramLabel = "FILE",
      scope = ScopeType.INHERIT,
      description = "Certificate to show to the server; PEM.")
  private Path certificate;

  @Option(
      names = "--key",
      paramLabel = "FILE",
      scope = ScopeType.INHERIT,
      description = "Its private key; PKCS #8 in PEM.")
  private Path key;

  @Option(
      names = "--token-file",
      paramLabel = "FILE",
      scope = ScopeType.INHERIT,
      description =
          "File that holds the token to show to the server (default: environment variable "
              + TOKEN_VARIABLE
              + ").")
  private Path tokenFile;

  /**
   * Returns how to connect.
   *
   * @throws IllegalArgumentException where an option is not what it should be, in one line
   */
  ConnectOptions connectOptions(Map<String, String> environment) {
    return new ConnectOptions(
        server,
        tls,
        Optional.ofNullable(ca),
        Optional.ofNullable(certificate),
        Optional.ofNullable(key),
        tokenFile == null
            ? Optional.of(environment.getOrDefault(TOKEN_VARIABLE, "").strip())
                .filter(t -> !t.isEmpty())
            : Optional.of(token(tokenFile)));
  }

  private static String token(Path file) {
    try {
      return Files.readString(file, StandardCharsets.ISO_8859_1).strip();
    } catch (IOException e) {
      throw new IllegalArgumentException(
          "token-file: %s (expected: a file that holds a token; %s)"
              .formatted(file, e instanceof NoSuchFileException ? "there is none" : e),
          e);
    }
  }
}
