package dev.lavalier.grpc;

import dev.lavalier.access.Authentication;
import dev.lavalier.access.AuthenticationException;
import dev.lavalier.access.Authenticator;
import dev.lavalier.access.Grants;
import io.grpc.Contexts;
import io.grpc.Grpc;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.SSLSession;

/** Finds out who makes a call, and whether they may, before any service hears of it. */
final class AuthInterceptor implements ServerInterceptor {

  private static final Metadata.Key<String> AUTHORIZATION =
      Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);

  private final Authenticator authenticator;
  private final RejectionLog rejections;

  AuthInterceptor(Authenticator authenticator, RejectionLog rejections) {
    this.authenticator = authenticator;
    this.rejections = rejections;
  }

  @Override
  public <ReqT, RespT> ServerCall.Listener<ReqT> interceptCall(
      ServerCall<ReqT, RespT> call, Metadata headers, ServerCallHandler<ReqT, RespT> next) {
    RequiredAccess requiredAccess = RequiredAccess.of(call.getMethodDescriptor().getServiceName());
    Authentication authentication;
    try {
      authentication = authenticator.authenticate(authorization(headers), certificate(call));
    } catch (AuthenticationException e) {
      if (requiredAccess != RequiredAccess.NONE) {
        return reject(call, Status.UNAUTHENTICATED.withDescription(e.getMessage()), e.reason());
      }
      authentication = Authentication.anonymous(Grants.NONE);
    }
    Caller caller = new Caller(authentication, addressOf(call));
    if (requiredAccess == RequiredAccess.ADMIN && !caller.grants().admin()) {
      return reject(
          call,
          Status.PERMISSION_DENIED.withDescription(
              "%s: %s (expected: a caller with the admin grant)"
                  .formatted(
                      call.getMethodDescriptor().getServiceName(), caller.subscriber().identity())),
          caller.subscriber().identity() + " has no admin grant");
    }
    return Contexts.interceptCall(CallerContext.with(caller), call, headers, next);
  }

  private <ReqT, RespT> ServerCall.Listener<ReqT> reject(
      ServerCall<ReqT, RespT> call, Status status, String reason) {
    rejections.rejected(
        addressOf(call), call.getMethodDescriptor().getFullMethodName() + ", " + reason);
    call.close(status, new Metadata());
    return new ServerCall.Listener<>() {};
  }

  private static List<String> authorization(Metadata headers) {
    List<String> values = new ArrayList<>();
    Iterable<String> received = headers.getAll(AUTHORIZATION);
    if (received != null) {
      received.forEach(values::add);
    }
    return values;
  }

  private static Optional<X509Certificate> certificate(ServerCall<?, ?> call) {
    SSLSession session = call.getAttributes().get(Grpc.TRANSPORT_ATTR_SSL_SESSION);
    if (session == null) {
      return Optional.empty();
    }
    try {
      Certificate peerCertificate = session.getPeerCertificates()[0];
      return peerCertificate instanceof X509Certificate x509 ? Optional.of(x509) : Optional.empty();
    } catch (SSLPeerUnverifiedException e) {
      return Optional.empty(); // it was not asked for one
    }
  }

  private static String addressOf(ServerCall<?, ?> call) {
    return display(call.getAttributes().get(Grpc.TRANSPORT_ATTR_REMOTE_ADDR));
  }

  static String display(SocketAddress peer) {
    if (peer instanceof InetSocketAddress internet) {
      String host = internet.getAddress().getHostAddress();
      return (host.contains(":") ? "[" + host + "]" : host) + ":" + internet.getPort();
    }
    return String.valueOf(peer);
  }
}
