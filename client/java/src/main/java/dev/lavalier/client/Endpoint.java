package dev.lavalier.client;

import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.netty.GrpcSslContexts;
import io.grpc.netty.NettyChannelBuilder;
import io.netty.channel.ChannelOption;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import java.security.cert.X509Certificate;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/**
 * The server that a client connects to, with its options and its errors. Safe for use from any
 * thread.
 */
final class Endpoint {

  /** The transport's message for a connection that ended without a known reason. */
  private static final String CLOSED = "Network closed for unknown reason";

  /** The transport's message for a deadline that this client set. */
  private static final String DEADLINE = "deadline exceeded after ";

  private final String name;
  private final @Nullable ConnectOptions options; // null: the caller owns the channel
  private @Nullable SslContext lastSslContext; // guarded by this; null before the first use
  private volatile boolean responded;
  private volatile boolean closed;

  /** Creates the endpoint of a server to connect to with these options. */
  Endpoint(ConnectOptions options) {
    this.name = options.server();
    this.options = options;
  }

  /** Creates the endpoint of a server behind a channel that the caller owns. */
  Endpoint(String name) {
    this.name = name;
    this.options = null;
  }

  /**
   * Returns a builder of channels. Reads the certificates again, so that replaced files are used.
   * If they are invalid at this moment, the last valid ones are used.
   *
   * @throws IllegalArgumentException if the certificates were never valid, or the token must not be
   *     sent
   */
  NettyChannelBuilder channelBuilder() {
    ServerAddress address = ServerAddress.parse(name);
    NettyChannelBuilder builder =
        address.isUnixSocket()
            ? UnixChannels.builder(address.path())
            : NettyChannelBuilder.forTarget(address.target());
    builder.withOption(
        ChannelOption.CONNECT_TIMEOUT_MILLIS, (int) options.connectTimeout().toMillis());
    if (options.serverName().isPresent()) {
      builder.overrideAuthority(options.serverName().get());
    } else if (address.isUnixSocket() || !address.zone().isEmpty()) {
      builder.overrideAuthority(address.authority());
    }
    if (options.tls()) {
      builder.sslContext(sslContext());
    } else {
      builder.usePlaintext();
    }
    options.token().ifPresent(token -> builder.intercept(bearer(() -> token, address)));
    options.tokenSource().ifPresent(source -> builder.intercept(bearer(source, address)));
    return builder;
  }

  private ClientInterceptor bearer(Supplier<String> token, ServerAddress address) {
    if (!options.tls() && !address.isLocal()) {
      throw new IllegalArgumentException(
          "token: not sent to %s without encryption (expected: TLS, or a loopback address)"
              .formatted(name));
    }
    BearerCredentials credentials = new BearerCredentials(token);
    return new ClientInterceptor() {
      @Override
      public <Q, R> ClientCall<Q, R> interceptCall(
          MethodDescriptor<Q, R> method, CallOptions callOptions, Channel next) {
        return next.newCall(method, callOptions.withCallCredentials(credentials));
      }
    };
  }

  private synchronized SslContext sslContext() {
    try {
      lastSslContext = buildSslContext(options);
    } catch (IllegalArgumentException e) {
      if (lastSslContext == null) {
        throw e;
      }
    }
    return lastSslContext;
  }

  private static SslContext buildSslContext(ConnectOptions options) {
    SslContextBuilder builder = GrpcSslContexts.forClient().protocols("TLSv1.3", "TLSv1.2");
    options.ca().ifPresent(ca -> builder.trustManager(PemFiles.certificates("ca", ca)));
    options
        .certificate()
        .ifPresent(
            file -> {
              X509Certificate[] chain = PemFiles.certificates("cert", file);
              builder.keyManager(PemFiles.key(options.key().orElseThrow(), file, chain[0]), chain);
            });
    try {
      return builder.build();
    } catch (SSLException e) {
      throw new IllegalArgumentException(
          "tls: on (expected: a Java with TLS 1.2 and HTTP/2; %s)"
              .formatted(ConnectionFailure.rootCauseMessage(e)),
          e);
    }
  }

  /** Records that the server has answered a call. */
  void markResponded() {
    responded = true;
  }

  /** Records that the client was closed, which ends its calls. */
  void markClosed() {
    closed = true;
  }

  /** Returns the exception for a status that ended a call; its message is one line. */
  LavalierException exception(Status status) {
    Throwable cause = status.getCause();
    if (closed && status.getCode() == Status.Code.UNAVAILABLE) {
      return closedClient();
    }
    if (cause != null
        && (status.getCode() == Status.Code.UNAVAILABLE
            || ConnectionFailure.isOtherProtocol(cause))) {
      return Optional.ofNullable(options)
          .flatMap(connectOptions -> HandshakeFailure.of(cause, connectOptions))
          .map(failure -> new LavalierException(failure.kind(), failure.message(), cause))
          .orElseGet(
              () ->
                  new LavalierException(
                      ProtoMapper.kind(status),
                      unreachable(ConnectionFailure.reason(cause)),
                      cause));
    }
    return new LavalierException(ProtoMapper.kind(status), message(status), cause);
  }

  /** Returns the exception for a call of a client that was closed. */
  static LavalierException closedClient() {
    return new LavalierException(
        LavalierException.Kind.CLOSED, "client: closed (expected: an open client)", null);
  }

  /** Returns the exception for a stream that was closed while it was opened. */
  static LavalierException closedStream() {
    return new LavalierException(
        LavalierException.Kind.CLOSED, "the stream was closed while it was opened", null);
  }

  /** Returns the exception for a call whose thread was interrupted. */
  static LavalierException interrupted() {
    return new LavalierException(
        LavalierException.Kind.INTERRUPTED, "the call was interrupted", null);
  }

  /** Returns the status of a call that the server did not answer within a time. */
  Status silence(long nanos) {
    // Without a look-up, the only other wait ends after the timeout of the connection.
    boolean connected =
        options != null
            && ServerAddress.parse(name).needsNoLookup()
            && nanos >= options.connectTimeout().toNanos();
    return Status.UNAVAILABLE.withDescription(
        unreachable(ConnectionFailure.silence(TimeUnit.NANOSECONDS.toMillis(nanos), connected)));
  }

  /** Returns whether a status is that of a deadline that this client set. */
  static boolean isOwnDeadline(Status status) {
    String description = status.getDescription();
    return status.getCode() == Status.Code.DEADLINE_EXCEEDED
        && description != null
        && description.contains(DEADLINE);
  }

  /** Returns the message for a server that did not answer. */
  private String unreachable(String reason) {
    return "server: %s (expected: a Lavalier server; %s)".formatted(name, reason);
  }

  private String message(Status status) {
    String description = status.getDescription();
    if (description == null) {
      return unreachable("the call ended with " + status.getCode());
    }
    if (description.startsWith(CLOSED)) {
      return unreachable(
          responded || options == null || options.tls()
              ? "the server closed the connection"
              : "the server closed the connection; it may require TLS");
    }
    return isOwnDeadline(status)
        ? unreachable("it did not answer before the caller's deadline")
        : description.lines().findFirst().orElse("");
  }

  @Override
  public String toString() {
    return name;
  }
}
