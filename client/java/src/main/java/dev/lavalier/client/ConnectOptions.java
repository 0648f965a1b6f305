package dev.lavalier.client;

import io.grpc.netty.NettyChannelBuilder;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The address of a server, how to verify it, and how this client authenticates. Immutable. Without
 * further options, the connection is not encrypted, and the client does not authenticate:
 *
 * <pre>{@code
 * ConnectOptions studio =
 *     ConnectOptions.builder("studio.example:50051").ca(Path.of("ca.pem")).token(token).build();
 * }</pre>
 */
public final class ConnectOptions {

  /** The characters that RFC 6750 allows in a bearer token. */
  private static final Pattern TOKEN = Pattern.compile("[-A-Za-z0-9._~+/=]+");

  private final String server;
  private final Optional<String> serverName;
  private final boolean tls;
  private final Optional<Path> ca;
  private final Optional<Path> certificate;
  private final Optional<Path> key;
  private final Optional<String> token;
  private final Optional<Supplier<String>> tokenSource;
  private final Duration connectTimeout;

  private ConnectOptions(Builder builder) {
    this.server = builder.server;
    this.serverName = Optional.ofNullable(builder.serverName);
    this.tls = builder.tls || builder.ca != null || builder.certificate != null;
    this.ca = Optional.ofNullable(builder.ca);
    this.certificate = Optional.ofNullable(builder.certificate);
    this.key = Optional.ofNullable(builder.key);
    this.token = Optional.ofNullable(builder.token);
    this.tokenSource = Optional.ofNullable(builder.tokenSource);
    this.connectTimeout = builder.connectTimeout;
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

  /** Returns a builder for a server, as {@link Builder#server}. */
  public static Builder builder(String server) {
    return new Builder().server(server);
  }

  /** Returns a builder with these options. */
  public Builder toBuilder() {
    Builder builder = builder(server).tls(tls).connectTimeout(connectTimeout);
    builder.serverName = serverName.orElse(null);
    builder.ca = ca.orElse(null);
    builder.certificate = certificate.orElse(null);
    builder.key = key.orElse(null);
    builder.token = token.orElse(null);
    builder.tokenSource = tokenSource.orElse(null);
    return builder;
  }

  /** Returns the address: {@code HOST:PORT} or {@code unix:PATH}. */
  public String server() {
    return server;
  }

  /** Returns the name to use instead of the host of {@link #server}; empty: that host. */
  public Optional<String> serverName() {
    return serverName;
  }

  /** Returns whether the connection is encrypted; always true with a CA or a certificate. */
  public boolean tls() {
    return tls;
  }

  /** Returns the file of the CA certificates; empty: the CAs that Java trusts. */
  public Optional<Path> ca() {
    return ca;
  }

  /** Returns the file of this client's certificate; empty: none. */
  public Optional<Path> certificate() {
    return certificate;
  }

  /** Returns the file of the private key of {@link #certificate}; empty: none. */
  public Optional<Path> key() {
    return key;
  }

  /** Returns the token; empty: none, or a {@link #tokenSource}. */
  public Optional<String> token() {
    return token;
  }

  /** Returns the source of tokens; empty: none. */
  public Optional<Supplier<String>> tokenSource() {
    return tokenSource;
  }

  /** Returns how long the TCP connection to one address of the server may take. */
  public Duration connectTimeout() {
    return connectTimeout;
  }

  /**
   * Returns a builder of channels to that server, for callers that use the generated stubs.
   * Address, name, encryption, token and the timeout of connections are set; the caller sets
   * everything else. Reads the files.
   *
   * @throws IllegalArgumentException if a file is invalid, or if the token would be sent to another
   *     machine without encryption; the message is one line and names the value
   */
  public NettyChannelBuilder channelBuilder() {
    return new Endpoint(this).channelBuilder();
  }

  private List<Object> values() {
    return List.of(
        server, serverName, tls, ca, certificate, key, token, tokenSource, connectTimeout);
  }

  /** Returns whether all values are equal. Token sources are equal if they are the same object. */
  @Override
  public boolean equals(Object other) {
    return other instanceof ConnectOptions options && values().equals(options.values());
  }

  @Override
  public int hashCode() {
    return values().hashCode();
  }

  /** Returns everything except the token. */
  @Override
  public String toString() {
    return ("ConnectOptions[server=%s, serverName=%s, tls=%s, ca=%s, certificate=%s, key=%s,"
            + " token=%s, connectTimeout=%s]")
        .formatted(
            server,
            serverName,
            tls,
            ca,
            certificate,
            key,
            token.isPresent() || tokenSource.isPresent() ? "(not shown)" : "none",
            connectTimeout);
  }

  /**
   * Builds options. Each method sets one of them, and throws {@link NullPointerException} with its
   * name if the value is null. For use by one thread.
   */
  public static final class Builder {

    private String server = "";
    private @Nullable String serverName;
    private boolean tls;
    private @Nullable Path ca;
    private @Nullable Path certificate;
    private @Nullable Path key;
    private @Nullable String token;
    private @Nullable Supplier<String> tokenSource;
    private Duration connectTimeout = Duration.ofSeconds(5);

    private Builder() {}

    /**
     * Sets the address: {@code HOST:PORT}, with an IPv6 address in brackets, and with the network
     * interface if it is link-local: {@code [fe80::1%eth0]:50051}. The server's certificate must be
     * valid for the host. Or {@code unix:PATH} for a server's Unix socket, on Linux and without
     * encryption.
     */
    public Builder server(String value) {
      server = Objects.requireNonNull(value, "server");
      return this;
    }

    /**
     * Sets the host name to use instead of that of the address: the server's certificate must be
     * valid for it, and the calls have it as {@code :authority}. For a server behind a tunnel or a
     * proxy. Without a port. Default: the host of the address.
     */
    public Builder serverName(String value) {
      serverName = Objects.requireNonNull(value, "serverName");
      return this;
    }

    /**
     * Sets whether the connection is encrypted. A CA or a certificate implies it. Default: false.
     */
    public Builder tls(boolean value) {
      tls = value;
      return this;
    }

    /**
     * Sets the file with the CA certificates, in PEM, that the server's certificate is verified
     * against, and encrypts the connection. Default: the CAs that Java trusts.
     */
    public Builder ca(Path value) {
      ca = Objects.requireNonNull(value, "ca");
      return this;
    }

    /**
     * Sets the file with this client's certificate, in PEM, with the intermediate certificates up
     * to a CA that the server knows, and encrypts the connection. It needs a {@link #key}. Default:
     * none.
     */
    public Builder certificate(Path value) {
      certificate = Objects.requireNonNull(value, "certificate");
      return this;
    }

    /**
     * Sets the file with the private key of the {@link #certificate}: PKCS #8 in PEM, without a
     * password.
     */
    public Builder key(Path value) {
      key = Objects.requireNonNull(value, "key");
      return this;
    }

    /**
     * Sets the bearer token that authenticates this client, instead of a token source. Anyone who
     * has the token can listen, so it is in no message and not in {@link ConnectOptions#toString}.
     * Default: none.
     */
    public Builder token(String value) {
      token = Objects.requireNonNull(value, "token");
      tokenSource = null;
      return this;
    }

    /**
     * Sets a source of tokens instead of a token, for tokens that expire. It returns the token for
     * each call and each reconnection. Any thread calls it, also one that must not wait, so it
     * returns a token that it has already. An invalid token or an exception fails the call as
     * {@link LavalierException.Kind#NOT_AUTHENTICATED}. Default: none.
     */
    public Builder tokenSource(Supplier<String> value) {
      tokenSource = Objects.requireNonNull(value, "tokenSource");
      token = null;
      return this;
    }

    /**
     * Sets how long the TCP connection to one address of the server may take, 1 ms to 1 h. If no
     * address accepts it, the call fails as {@link LavalierException.Kind#UNAVAILABLE}. The time
     * limit of the call includes this time. Default: 5 s, in which the system sends the request
     * three times. A Unix socket needs no time.
     */
    public Builder connectTimeout(Duration value) {
      connectTimeout = Objects.requireNonNull(value, "connectTimeout");
      return this;
    }

    /**
     * Returns the options. Does not read the files.
     *
     * @throws IllegalArgumentException if a value is invalid; the message is one line and names the
     *     value
     */
    public ConnectOptions build() {
      ServerAddress address = ServerAddress.parse(server);
      if (serverName != null && !ServerAddress.isHost(serverName)) {
        throw new IllegalArgumentException(
            "serverName: %s (expected: a host name without a port, for example studio.example)"
                .formatted(serverName.lines().findFirst().orElse("")));
      }
      if (certificate != null && key == null) {
        throw new IllegalArgumentException(
            "key: none (expected: the private key of %s)".formatted(certificate));
      }
      if (key != null && certificate == null) {
        throw new IllegalArgumentException(
            "cert: none (expected: the certificate of %s)".formatted(key));
      }
      if (token != null) {
        checkToken(token);
      }
      Timeouts.check("connectTimeout", connectTimeout);
      ConnectOptions options = new ConnectOptions(this);
      if (address.isUnixSocket()) {
        checkUnixSocket(options);
      }
      return options;
    }

    private static void checkUnixSocket(ConnectOptions options) {
      if (options.tls) {
        throw new IllegalArgumentException(
            "server: %s (expected: HOST:PORT for TLS; a Unix socket needs none)"
                .formatted(options.server));
      }
      if (!UnixChannels.isSupported()) {
        throw new IllegalArgumentException(
            "server: %s (expected: HOST:PORT; this client supports Unix sockets only on Linux, on x86-64 and ARM64)"
                .formatted(options.server));
      }
    }
  }
}
