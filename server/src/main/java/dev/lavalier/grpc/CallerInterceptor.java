package dev.lavalier.grpc;

import dev.lavalier.access.Grants;
import dev.lavalier.hub.Subscriber;
import io.grpc.Contexts;
import io.grpc.Grpc;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import java.net.InetSocketAddress;
import java.net.SocketAddress;

/** Finds out who makes a call before any service hears of it. */
final class CallerInterceptor implements ServerInterceptor {

  @Override
  public <ReqT, RespT> ServerCall.Listener<ReqT> interceptCall(
      ServerCall<ReqT, RespT> call, Metadata headers, ServerCallHandler<ReqT, RespT> next) {
    SocketAddress peer = call.getAttributes().get(Grpc.TRANSPORT_ATTR_REMOTE_ADDR);
    Caller caller = new Caller(new Subscriber(Subscriber.ANONYMOUS, display(peer)), Grants.ALL);
    return Contexts.interceptCall(caller.inContext(), call, headers, next);
  }

  static String display(SocketAddress peer) {
    if (peer instanceof InetSocketAddress internet) {
      String host = internet.getAddress().getHostAddress();
      return (host.contains(":") ? "[" + host + "]" : host) + ":" + internet.getPort();
    }
    return String.valueOf(peer);
  }
}
