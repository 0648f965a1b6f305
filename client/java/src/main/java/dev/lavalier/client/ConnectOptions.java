package dev.lavalier.client;

import io.grpc.netty.NettyChannelBuilder;
import java.nio.file.Path;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * Where a server is, how to be sure of it, and how it knows us. {@link #to} leaves out encryption;
 * the {@code with} methods each return a changed copy.
 *
 * @param server {@code HOST:PORT}; an IPv6 address in brackets. The host is also what the server's
 *     certificate must be for
 * @param tls whether the connection is encrypted; true where {@code ca} or {@code certificate} is
 *     there
 * @param ca certificates that may vouch for the server's, in PEM; empty: those that Java trusts
 * @param certificate this client's own certificate, in PEM, with those between it and a CA that the
 *     server knows; empty: none
 * @param key its private key, PKCS #8 in PEM, without a password
 * @param token what makes us known to the server; empty: nothing. Whoever has it can listen: it is
 *     in no message and not in {@link #toString}
 */
public record ConnectOptions(
    String server,
    boolean tls,
    Optional<Path> ca,
    Optional<Path> certificate,
    Optional<Path> key,
    Optional<String> token) {

  private static final int MAX_PORT = 65_535;

  /** What RFC 6750 lets a bearer token be made of. */
  private static final Pattern TOKEN = Pattern.compile("[-A-Za-z0-9._~+/=]+");

  /**
   * Checks what can be checked without a look at the files.
   *
   * @throws IllegalArgumentException with one line that names the value
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
          "token: unreadable, and not shown (expected: letters, digits and -._~+/=, in one line)");
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

  /** Returns options for a server without encryption, to which we are nobody in particular. */
  public static ConnectOptions to(String server) {
    return new ConnectOptions(
        server, false, Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty());
  }

  /** Returns a copy with encryption, for a server whose certificate Java trusts. */
  public ConnectOptions withTls() {
    return new ConnectOptions(server, true, ca, certificate, key, token);
  }

  /** Returns a copy with encryption, for a server for which these certificates vouch. */
  public ConnectOptions withCa(Path value) {
    return new ConnectOptions(server, true, Optional.of(value), certificate, key, token);
  }

  /** Returns a copy with encryption, with a certificate by which the server knows us. */
  public ConnectOptions withCertificate(Path value, Path privateKey) {
    return new ConnectOptions(server, true, ca, Optional.of(value), Optional.of(privateKey), token);
  }

  /** Returns a copy with a token by which the server knows us. */
  public ConnectOptions withToken(String value) {
    return new ConnectOptions(server, tls, ca, certificate, key, Optional.of(value));
  }

  /**
   * Returns a builder of channels to that server, for whoever calls it by the contract's own stubs:
   * address, encryption and token are set, all else is the caller's. Reads the files.
   *
   * @throws IllegalArgumentException where a file is not what it should be, or the token would go
   *     to another machine without encryption; with one line that names the value
   */
  public NettyChannelBuilder channelBuilder() {
    return new Endpoint(this).channelBuilder();
  }

  /** Returns everything but the token. */
  @Override
  public String toString() {
    return "ConnectOptions[server=%s, tls=%s, ca=%s, certificate=%s, key=%s, token=%s]"
        .formatted(server, tls, ca, certificate, key, token.isPresent() ? "(not shown)" : "none");
  }
}
