package dev.lavalier.grpc;

import dev.lavalier.access.Peer;
import dev.lavalier.common.StreamException;
import dev.lavalier.hub.DeliveryLoop;
import dev.lavalier.netty.PeerAddress;
import dev.lavalier.service.ActiveCalls;
import dev.lavalier.service.CallAuthorizer;
import dev.lavalier.service.Caller;
import io.grpc.Contexts;
import io.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener;
import io.grpc.Grpc;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import java.net.SocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * Rejects callers that {@link CallAuthorizer} does not accept, and calls beyond the limits of
 * {@link ActiveCalls}, before a service receives the call. Ends a call of any service when the
 * access of its caller ends: at its next message, and when {@link ActiveCalls} finds it.
 */
final class AuthInterceptor implements ServerInterceptor {

  private static final Metadata.Key<String> AUTHORIZATION =
      Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);

  private final CallAuthorizer authorizer;
  private final ActiveCalls activeCalls;
  private final Supplier<DeliveryLoop> deliveryLoops;

  /**
   * Creates an interceptor.
   *
   * @param deliveryLoops supplies the delivery loop for the call that starts on the current thread
   */
  AuthInterceptor(
      CallAuthorizer authorizer, ActiveCalls activeCalls, Supplier<DeliveryLoop> deliveryLoops) {
    this.authorizer = authorizer;
    this.activeCalls = activeCalls;
    this.deliveryLoops = deliveryLoops;
  }

  @Override
  public <ReqT, RespT> ServerCall.Listener<ReqT> interceptCall(
      ServerCall<ReqT, RespT> call, Metadata headers, ServerCallHandler<ReqT, RespT> next) {
    String method = call.getMethodDescriptor().getFullMethodName();
    GuardedCall<ReqT, RespT> guarded = new GuardedCall<>(call);
    DeliveryLoop deliveryLoop = deliveryLoops.get();
    SocketAddress remote = call.getAttributes().get(Grpc.TRANSPORT_ATTR_REMOTE_ADDR);
    Peer peer =
        new Peer(
            PeerAddress.display(remote),
            CallAuthorizer.peerCertificate(
                call.getAttributes().get(Grpc.TRANSPORT_ATTR_SSL_SESSION)),
            PeerAddress.uid(remote));
    Caller caller;
    ActiveCalls.ActiveCall active;
    try {
      caller =
          authorizer.authorize(
              call.getMethodDescriptor().getServiceName(), method, authorization(headers), peer);
      Consumer<StreamException> ending =
          reason -> deliveryLoop.execute(() -> guarded.end(reason)); // a call has one thread
      active = activeCalls.add(caller, method, ending);
    } catch (StreamException e) {
      call.close(GrpcStatuses.status(e), new Metadata());
      return new ServerCall.Listener<>() {};
    }
    CallContext context = new CallContext(caller, deliveryLoop, guarded::end);
    ServerCall.Listener<ReqT> listener;
    try {
      listener = Contexts.interceptCall(context.attachable(), guarded, headers, next);
    } catch (RuntimeException | Error e) { // gRPC closes the call, and nobody gets its events
      active.remove();
      throw e;
    }
    return new AuthorizedListener<>(guarded, listener, caller, active);
  }

  private static List<String> authorization(Metadata headers) {
    List<String> values = new ArrayList<>();
    Iterable<String> received = headers.getAll(AUTHORIZATION);
    if (received != null) {
      received.forEach(values::add);
    }
    return values;
  }

  /** Checks access again with each message, and removes the call when it has ended. */
  private static final class AuthorizedListener<ReqT>
      extends SimpleForwardingServerCallListener<ReqT> {

    private final GuardedCall<ReqT, ?> call;
    private final Caller caller;
    private final ActiveCalls.ActiveCall active;

    AuthorizedListener(
        GuardedCall<ReqT, ?> call,
        ServerCall.Listener<ReqT> service,
        Caller caller,
        ActiveCalls.ActiveCall active) {
      super(call.guard(service));
      this.call = call;
      this.caller = caller;
      this.active = active;
    }

    @Override
    public void onMessage(ReqT message) {
      Optional<StreamException> end = caller.accessEnd();
      if (end.isPresent()) {
        call.end(end.get());
      } else {
        super.onMessage(message);
      }
    }

    @Override
    public void onCancel() {
      active.remove();
      super.onCancel();
    }

    @Override
    public void onComplete() {
      active.remove();
      super.onComplete();
    }
  }
}
