package dev.lavalier.grpc;

import dev.lavalier.common.StreamException;
import dev.lavalier.netty.PeerAddress;
import dev.lavalier.service.CallAuthorizer;
import dev.lavalier.service.Caller;
import io.grpc.Contexts;
import io.grpc.Grpc;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import java.util.ArrayList;
import java.util.List;

/**
 * Rejects callers that {@link CallAuthorizer} does not accept, before a service receives the call.
 */
final class AuthInterceptor implements ServerInterceptor {

  private static final Metadata.Key<String> AUTHORIZATION =
      Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);

  private final CallAuthorizer authorizer;

  AuthInterceptor(CallAuthorizer authorizer) {
    this.authorizer = authorizer;
  }

  @Override
  public <ReqT, RespT> ServerCall.Listener<ReqT> interceptCall(
      ServerCall<ReqT, RespT> call, Metadata headers, ServerCallHandler<ReqT, RespT> next) {
    Caller caller;
    try {
      caller =
          authorizer.authorize(
              call.getMethodDescriptor().getServiceName(),
              call.getMethodDescriptor().getFullMethodName(),
              authorization(headers),
              CallAuthorizer.peerCertificate(
                  call.getAttributes().get(Grpc.TRANSPORT_ATTR_SSL_SESSION)),
              PeerAddress.display(call.getAttributes().get(Grpc.TRANSPORT_ATTR_REMOTE_ADDR)));
    } catch (StreamException e) {
      call.close(GrpcStatuses.status(e), new Metadata());
      return new ServerCall.Listener<>() {};
    }
    return Contexts.interceptCall(CallerContext.with(caller), call, headers, next);
  }

  private static List<String> authorization(Metadata headers) {
    List<String> values = new ArrayList<>();
    Iterable<String> received = headers.getAll(AUTHORIZATION);
    if (received != null) {
      received.forEach(values::add);
    }
    return values;
  }
}
