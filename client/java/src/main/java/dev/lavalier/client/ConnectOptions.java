package dev.lavalier.client;

import io.grpc.netty.NettyChannelBuilder;
import java.nio.file.Path;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The address of a server, how to verify it, and how this client authenticates. {@link #to} returns
 * options without encryption; each {@code with} method returns a changed copy. Immutable.
 *
 * @param server {@code HOST:PORT}; an IPv6 address in brackets, with the network interface if it is
 *     link-local: {@code [fe80::1%eth0]:50051}. The server's certificate must be valid for the
 *     host. Or {@code unix:PATH} for a server's Unix socket, on Linux and without encryption
 * @param tls whether the connection is encrypted; always true if {@code ca} or {@code certificate}
 *     is set
 * @param ca CA certificates in PEM that the server's certificate is verified against; empty: the
 *     CAs that Java trusts
 * @param certificate this client's certificate in PEM, with the intermediate certificates up to a
 *     CA that the server knows; empty: none
 * @param key the private key of {@code certificate}, PKCS #8 in PEM, without a password
 * @param token the bearer token that authenticates this client; empty: none. Anyone who has the
 *     token can listen, so it is in no message and not in {@link #toString}
 * @param tokenSource returns the bearer token for each call, instead of {@code token}; empty: none.
 *     Any thread calls it, also one that must not wait, so it returns a token that it has already.
 *     An invalid token or an exception fails the call as {@link
 *     LavalierException.Kind#NOT_AUTHENTICATED}
 */
public record ConnectOptions(
    String server,
    boolean tls,
    Optional<Path> ca,
    Optional<Path> certificate,
    Optional<Path> key,
    Optional<String> token,
    Optional<Supplier<String>> tokenSource) {

  /** The characters that RFC 6750 allows in a bearer token. */
  private static final Pattern TOKEN = Pattern.compile("[-A-Za-z0-9._~+/=]+");

  /**
   * Checks the values without reading the files.
   *
   * @throws IllegalArgumentException if a value is invalid; the message is one line and names the
   *     value
   */
  public ConnectOptions {
    ServerAddress address = ServerAddress.parse(Objects.requireNonNull(server, "server"));
    if (certificate.isPresent() && key.isEmpty()) {
      throw new IllegalArgumentException(
          "key: none (expected: the private key of %s)".formatted(certificate.get()));
    }
    if (key.isPresent() && certificate.isEmpty()) {
      throw new IllegalArgumentException(
          "cert: none (expected: the certificate of %s)".formatted(key.get()));
    }
    if (token.isPresent() && tokenSource.isPresent()) {
      throw new IllegalArgumentException("token: two (expected: a token or a token source)");
    }
    token.ifPresent(ConnectOptions::checkToken);
    tls |= ca.isPresent() || certificate.isPresent();
    if (address.isUnixSocket()) {
      checkUnixSocket(server, tls);
    }
  }

  private static void checkUnixSocket(String server, boolean tls) {
    if (tls) {
      throw new IllegalArgumentException(
          "server: %s (expected: HOST:PORT for TLS; a Unix socket needs none)".formatted(server));
    }
    if (!UnixChannels.isSupported()) {
      throw new IllegalArgumentException(
          "server: %s (expected: HOST:PORT; this client supports Unix sockets only on Linux, on x86-64 and ARM64)"
              .formatted(server));
    }
  }

  /** Creates options without a token source. */
  public ConnectOptions(
      String server,
      boolean tls,
      Optional<Path> ca,
      Optional<Path> certificate,
      Optional<Path> key,
      Optional<String> token) {
    this(server, tls, ca, certificate, key, token, Optional.empty());
  }

  /**
   * Returns the token.
   *
   * @throws IllegalArgumentException if it has characters that a bearer token cannot have
   */
  static String checkToken(@Nullable String token) {
    if (token == null || !TOKEN.matcher(token).matches()) {
      throw new IllegalArgumentException(
          "token: invalid, and not shown (expected: letters, digits and -._~+/=, in one line)");
    }
    return token;
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
    return new ConnectOptions(server, true, ca, certificate, key, token, tokenSource);
  }

  /** Returns a copy with encryption that trusts only these CA certificates. */
  public ConnectOptions withCa(Path value) {
    return new ConnectOptions(
        server,
        true,
        Optional.of(Objects.requireNonNull(value, "ca")),
        certificate,
        key,
        token,
        tokenSource);
  }

  /** Returns a copy with encryption and a client certificate for authentication. */
  public ConnectOptions withCertificate(Path value, Path privateKey) {
    return new ConnectOptions(
        server,
        true,
        ca,
        Optional.of(Objects.requireNonNull(value, "certificate")),
        Optional.of(Objects.requireNonNull(privateKey, "key")),
        token,
        tokenSource);
  }

  /** Returns a copy with a token for authentication, instead of a token source. */
  public ConnectOptions withToken(String value) {
    return new ConnectOptions(
        server,
        tls,
        ca,
        certificate,
        key,
        Optional.of(Objects.requireNonNull(value, "token")),
        Optional.empty());
  }

  /**
   * Returns a copy with a source of tokens, which is called for each call and each reconnection,
   * instead of a token. Use it for tokens that expire.
   */
  public ConnectOptions withTokenSource(Supplier<String> value) {
    return new ConnectOptions(
        server,
        tls,
        ca,
        certificate,
        key,
        Optional.empty(),
        Optional.of(Objects.requireNonNull(value, "tokenSource")));
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
        .formatted(
            server,
            tls,
            ca,
            certificate,
            key,
            token.isPresent() || tokenSource.isPresent() ? "(not shown)" : "none");
  }
}
