package dev.lavalier.client;

import io.grpc.netty.NettyChannelBuilder;
import java.nio.file.Path;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * The address of a server, how to verify it, and how this client authenticates. {@link #to} returns
 * options without encryption; each {@code with} method returns a changed copy. Immutable.
 *
 * @param server {@code HOST:PORT}; an IPv6 address in brackets. The server's certificate must be
 *     valid for the host
 * @param tls whether the connection is encrypted; always true if {@code ca} or {@code certificate}
 *     is set
 * @param ca CA certificates in PEM that the server's certificate is verified against; empty: the
 *     CAs that Java trusts
 * @param certificate this client's certificate in PEM, with the intermediate certificates up to a
 *     CA that the server knows; empty: none
 * @param key the private key of {@code certificate}, PKCS #8 in PEM, without a password
 * @param token the bearer token that authenticates this client; empty: none. Anyone who has the
 *     token can listen, so it is in no message and not in {@link #toString}
 */
public record ConnectOptions(
    String server,
    boolean tls,
    Optional<Path> ca,
    Optional<Path> certificate,
    Optional<Path> key,
    Optional<String> token) {

  private static final int MAX_PORT = 65_535;

  /** The characters that RFC 6750 allows in a bearer token. */
  private static final Pattern TOKEN = Pattern.compile("[-A-Za-z0-9._~+/=]+");

  /**
   * Checks the values without reading the files.
   *
   * @throws IllegalArgumentException if a value is invalid; the message is one line and names the
   *     value
   */
  public ConnectOptions {
    int colon = server.lastIndexOf(':');
    String host = server.substring(0, Math.max(0, colon));
    int port = port(server.substring(colon + 1));
    if (host.isEmpty() || port < 1 || (host.contains(":") && !host.startsWith("["))) {
      throw new IllegalArgumentException(
          "server: %s (expected: HOST:PORT, as 127.0.0.1:50051)".formatted(server));
    }
    if (certificate.isPresent() && key.isEmpty()) {
      throw new IllegalArgumentException(
          "key: none (expected: the private key of %s)".formatted(certificate.get()));
    }
    if (key.isPresent() && certificate.isEmpty()) {
      throw new IllegalArgumentException(
          "cert: none (expected: the certificate of %s)".formatted(key.get()));
    }
    if (token.isPresent() && !TOKEN.matcher(token.get()).matches()) {
      throw new IllegalArgumentException(
          "token: invalid, and not shown (expected: letters, digits and -._~+/=, in one line)");
    }
    tls |= ca.isPresent() || certificate.isPresent();
  }

  private static int port(String text) {
    try {
      int port = Integer.parseInt(text);
      return port <= MAX_PORT ? port : 0;
    } catch (NumberFormatException e) {
      return 0;
    }
  }

  /** Returns options without encryption and without authentication. */
  public static ConnectOptions to(String server) {
    return new ConnectOptions(
        server, false, Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty());
  }

  /**
   * Returns a copy with encryption that trusts the CAs that Java trusts, or {@code ca} if it is
   * set.
   */
  public ConnectOptions withTls() {
    return new ConnectOptions(server, true, ca, certificate, key, token);
  }

  /** Returns a copy with encryption that trusts only these CA certificates. */
  public ConnectOptions withCa(Path value) {
    return new ConnectOptions(server, true, Optional.of(value), certificate, key, token);
  }

  /** Returns a copy with encryption and a client certificate for authentication. */
  public ConnectOptions withCertificate(Path value, Path privateKey) {
    return new ConnectOptions(server, true, ca, Optional.of(value), Optional.of(privateKey), token);
  }

  /** Returns a copy with a token for authentication. */
  public ConnectOptions withToken(String value) {
    return new ConnectOptions(server, tls, ca, certificate, key, Optional.of(value));
  }

  /**
   * Returns a builder of channels to that server, for callers that use the generated stubs.
   * Address, encryption and token are set; the caller sets everything else. Reads the files.
   *
   * @throws IllegalArgumentException if a file is invalid, or if the token would be sent to another
   *     machine without encryption; the message is one line and names the value
   */
  public NettyChannelBuilder channelBuilder() {
    return new Endpoint(this).channelBuilder();
  }

  /** Returns everything except the token. */
  @Override
  public String toString() {
    return "ConnectOptions[server=%s, tls=%s, ca=%s, certificate=%s, key=%s, token=%s]"
        .formatted(server, tls, ca, certificate, key, token.isPresent() ? "(not shown)" : "none");
  }
}
