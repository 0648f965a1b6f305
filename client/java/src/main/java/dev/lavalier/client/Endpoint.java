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

/** The server, as this client reaches it. Safe for use from any thread. */
final class Endpoint {

  private static final Metadata.Key<String> AUTHORIZATION =
      Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);

  /** What the transport says where a connection ended and it knows nothing more. */
  private static final String CLOSED = "Network closed for unknown reason";

  private final String name;
  private final ConnectOptions options; // null: the channel is the caller's
  private SslContext lastSslContext; // guarded by this; null: nothing yet
  private volatile boolean responded;

  /** A server that is reached by these options. */
  Endpoint(ConnectOptions options) {
    this.name = options.server();
    this.options = options;
  }

  /** A server behind a channel of the caller's. */
  Endpoint(String name) {
    this.name = name;
    this.options = null;
  }

  /**
   * Returns a builder of channels. Reads the certificates anew, so that those that were exchanged
   * are used; where they are no good at this moment, those that were read last.
   *
   * @throws IllegalArgumentException where they were never good, or the token must not be sent
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

  /** By the name alone: what another name leads to, may be something else by the next call. */
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

  /** The server has answered. */
  void markResponded() {
    responded = true;
  }

  /** Returns what to throw for a status that ended a call; its message is one line. */
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

  /** Nobody answered, and the transport says why. */
  private String unreachable(String reason) {
    return "server: %s (expected: a Lavalier server; %s)".formatted(name, reason);
  }

  private String message(Status status) {
    String description = status.getDescription();
    if (description == null) {
      return unreachable("it says " + status.getCode());
    }
    if (!responded && options != null && !options.tls() && description.startsWith(CLOSED)) {
      return unreachable("it closed the connection without a word, as one does that wants TLS");
    }
    return description.lines().findFirst().orElse("");
  }

  /** Returns the deepest words, which are the plainest. */
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
