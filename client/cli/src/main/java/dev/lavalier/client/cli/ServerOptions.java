package dev.lavalier.client.cli;

import dev.lavalier.client.ConnectOptions;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;
import picocli.CommandLine.ScopeType;

/** The options of every command that say how to connect to the server. */
final class ServerOptions {

  private static final String SERVER_VARIABLE = "LAVALIER_SERVER";
  private static final String TOKEN_VARIABLE = "LAVALIER_TOKEN";
  private static final String DEFAULT_HOST = "127.0.0.1";
  private static final String DEFAULT_PORT = ":50051";

  /** A name, an IPv4 address, or an IPv6 address in brackets. */
  private static final Pattern HOST_WITHOUT_PORT = Pattern.compile("[^:/\\[\\]]+|\\[[^\\]]*]");

  @Option(
      names = "--server",
      paramLabel = "HOST[:PORT]",
      scope = ScopeType.INHERIT,
      description =
          "Server to connect to, or unix:PATH for a Unix socket of this machine; the default port"
              + " is 50051 (default: environment variable "
              + SERVER_VARIABLE
              + ", or 127.0.0.1).")
  private @Nullable String server;

  @Option(
      names = "--server-name",
      paramLabel = "NAME",
      scope = ScopeType.INHERIT,
      description =
          "Host name to use instead of that of --server: the certificate of the server must be"
              + " valid for it. For a server behind a tunnel.")
  private @Nullable String serverName;

  @Option(
      names = "--tls",
      scope = ScopeType.INHERIT,
      description = "Use TLS and trust the CAs that Java trusts. --ca and --cert imply --tls.")
  private boolean tls;

  @Option(
      names = "--ca",
      paramLabel = "FILE",
      scope = ScopeType.INHERIT,
      description =
          "CA certificates in PEM. Only servers with a certificate from one of these CAs are"
              + " trusted.")
  private @Nullable Path ca;

  @Option(
      names = "--cert",
      paramLabel = "FILE",
      scope = ScopeType.INHERIT,
      description = "Client certificate for authentication, with its chain; PEM.")
  private @Nullable Path certificate;

  @Option(
      names = "--key",
      paramLabel = "FILE",
      scope = ScopeType.INHERIT,
      description = "Private key of the client certificate; PKCS #8 in PEM, without a password.")
  private @Nullable Path key;

  @Option(
      names = "--token-file",
      paramLabel = "FILE",
      scope = ScopeType.INHERIT,
      description =
          "File with the token for authentication (default: environment variable "
              + TOKEN_VARIABLE
              + ").")
  private @Nullable Path tokenFile;

  /**
   * Returns the options to connect with.
   *
   * @throws IllegalArgumentException if an option is invalid; the message is one line
   */
  ConnectOptions connectOptions(Map<String, String> environment) {
    String variable = environment.getOrDefault(SERVER_VARIABLE, "").strip();
    boolean fromVariable = server == null && !variable.isEmpty();
    String given = fromVariable ? variable : Objects.requireNonNullElse(server, DEFAULT_HOST);
    String address = HOST_WITHOUT_PORT.matcher(given).matches() ? given + DEFAULT_PORT : given;
    try {
      return connectOptions(address, environment);
    } catch (IllegalArgumentException e) {
      String start = "server: " + address + " ";
      if (!e.getMessage().startsWith(start)) {
        throw e;
      }
      throw new IllegalArgumentException(
          "%s: %s %s"
              .formatted(
                  fromVariable ? SERVER_VARIABLE : "server",
                  given,
                  e.getMessage().substring(start.length())),
          e);
    }
  }

  private ConnectOptions connectOptions(String address, Map<String, String> environment) {
    ConnectOptions.Builder options = ConnectOptions.builder(address).tls(tls);
    Optional.ofNullable(serverName).ifPresent(options::serverName);
    Optional.ofNullable(ca).ifPresent(options::ca);
    Optional.ofNullable(certificate).ifPresent(options::certificate);
    Optional.ofNullable(key).ifPresent(options::key);
    String variable = environment.getOrDefault(TOKEN_VARIABLE, "").strip();
    if (tokenFile != null) {
      options.token(token(tokenFile));
    } else if (!variable.isEmpty()) {
      options.token(variable);
    }
    return options.build();
  }

  private static String token(Path file) {
    try {
      return Files.readString(file, StandardCharsets.ISO_8859_1).strip();
    } catch (IOException e) {
      throw new IllegalArgumentException(
          "token-file: %s (expected: a file with a token; %s)"
              .formatted(
                  file,
                  e instanceof NoSuchFileException
                      ? "the file does not exist"
                      : FileTypes.reason(e)),
          e);
    }
  }
}
