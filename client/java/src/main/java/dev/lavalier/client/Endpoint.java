package dev.lavalier.client;

import io.grpc.ClientInterceptor;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.netty.GrpcSslContexts;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.MetadataUtils;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.util.NetUtil;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.security.cert.X509Certificate;
import java.util.Optional;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/**
 * The server that a client connects to, with its options and its errors. Safe for use from any
 * thread.
 */
final class Endpoint {

  private static final Metadata.Key<String> AUTHORIZATION =
      Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);

  /** The transport's message for a connection that ended without a known reason. */
  private static final String CLOSED = "Network closed for unknown reason";

  private final String name;
  private final @Nullable ConnectOptions options; // null: the caller owns the channel
  private @Nullable SslContext lastSslContext; // guarded by this; null before the first use
  private volatile boolean responded;

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
    NettyChannelBuilder builder = NettyChannelBuilder.forTarget("dns:///" + name);
    if (options.tls()) {
      builder.sslContext(sslContext());
    } else {
      builder.usePlaintext();
    }
    options.token().ifPresent(token -> builder.intercept(bearer(token)));
    return builder;
  }

  private ClientInterceptor bearer(String token) {
    if (!options.tls() && !isLoopback(name.substring(0, name.lastIndexOf(':')))) {
      throw new IllegalArgumentException(
          "token: not sent to %s without encryption (expected: TLS, or a loopback address)"
              .formatted(name));
    }
    Metadata headers = new Metadata();
    headers.put(AUTHORIZATION, "Bearer " + token);
    return MetadataUtils.newAttachHeadersInterceptor(headers);
  }

  /**
   * Returns whether a host is surely loopback. Only {@code localhost} and literal addresses count,
   * because another name may resolve to a different address at the next call.
   */
  private static boolean isLoopback(String host) {
    byte[] address = NetUtil.createByteArrayFromIpAddressString(host); // null: a name
    try {
      return address == null
          ? host.equalsIgnoreCase("localhost")
          : InetAddress.getByAddress(address).isLoopbackAddress();
    } catch (UnknownHostException e) {
      return false;
    }
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
          "tls: on (expected: a Java with TLS 1.2 and HTTP/2; %s)".formatted(rootCauseMessage(e)),
          e);
    }
  }

  /** Records that the server has answered a call. */
  void markResponded() {
    responded = true;
  }

  /** Returns the exception for a status that ended a call; its message is one line. */
  LavalierException exception(Status status) {
    Throwable cause = status.getCause();
    if (cause != null && status.getCode() == Status.Code.UNAVAILABLE) {
      return Optional.ofNullable(options)
          .flatMap(connectOptions -> HandshakeFailure.of(cause, connectOptions))
          .map(failure -> new LavalierException(failure.kind(), failure.message(), cause))
          .orElseGet(
              () ->
                  new LavalierException(
                      ProtoMapper.kind(status), unreachable(rootCauseMessage(cause)), cause));
    }
    return new LavalierException(ProtoMapper.kind(status), message(status), cause);
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
    if (!responded && options != null && !options.tls() && description.startsWith(CLOSED)) {
      return unreachable("the server closed the connection; it may require TLS");
    }
    return description.lines().findFirst().orElse("");
  }

  /** Returns the first line of the root cause's message, which is the most specific one. */
  static String rootCauseMessage(Throwable e) {
    Throwable deepest = e;
    while (deepest.getCause() != null) {
      deepest = deepest.getCause();
    }
    String message = deepest.getMessage();
    return message == null
        ? deepest.getClass().getSimpleName()
        : message.lines().findFirst().orElse("");
  }

  @Override
  public String toString() {
    return name;
  }
}
