package dev.lavalier.grpc;

import dev.lavalier.netty.EventLoops;
import dev.lavalier.netty.TransportLimits;
import dev.lavalier.service.RequestErrors;
import io.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.netty.util.concurrent.Future;
import java.nio.charset.StandardCharsets;

/**
 * Rejects calls with too much metadata, and ends calls whose request does not arrive in time. Runs
 * on the event loops, before the other interceptors and the services.
 */
final class RequestLimitInterceptor implements ServerInterceptor {

  private final EventLoops<?> loops;
  private final TransportLimits limits;

  RequestLimitInterceptor(EventLoops<?> loops, TransportLimits limits) {
    this.loops = loops;
    this.limits = limits;
  }

  @Override
  public <ReqT, RespT> ServerCall.Listener<ReqT> interceptCall(
      ServerCall<ReqT, RespT> call, Metadata headers, ServerCallHandler<ReqT, RespT> next) {
    int bytes = size(headers);
    if (bytes > limits.maxMetadataBytes()) {
      call.close(
          GrpcStatuses.status(RequestErrors.metadataTooLarge(bytes, limits.maxMetadataBytes())),
          new Metadata());
      return new ServerCall.Listener<>() {};
    }
    GuardedCall<ReqT, RespT> guarded = new GuardedCall<>(call);
    return new RequestTimeoutListener<>(guarded, next.startCall(guarded, headers));
  }

  private static int size(Metadata headers) {
    int bytes = 0;
    for (String name : headers.keys()) {
      bytes += name.length();
      if (name.endsWith(Metadata.BINARY_HEADER_SUFFIX)) {
        for (byte[] value :
            headers.getAll(Metadata.Key.of(name, Metadata.BINARY_BYTE_MARSHALLER))) {
          bytes += value.length;
        }
      } else {
        for (String value :
            headers.getAll(Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER))) {
          bytes += value.getBytes(StandardCharsets.US_ASCII).length;
        }
      }
    }
    return bytes;
  }

  /** Ends a call if its request, or the first of its requests, does not arrive in time. */
  private final class RequestTimeoutListener<ReqT, RespT>
      extends SimpleForwardingServerCallListener<ReqT> {

    private final GuardedCall<ReqT, RespT> call;
    private final Future<?> timeout;

    RequestTimeoutListener(GuardedCall<ReqT, RespT> call, ServerCall.Listener<ReqT> next) {
      super(call.guard(next));
      this.call = call;
      this.timeout =
          loops.schedule(
              limits.handshakeTimeout(),
              () -> call.end(RequestErrors.timedOut(limits.handshakeTimeout())));
    }

    @Override
    public void onMessage(ReqT message) {
      if (!call.getMethodDescriptor().getType().clientSendsOneMessage()) {
        timeout.cancel(false);
      } // else: the call starts at the half-close of the client
      super.onMessage(message);
    }

    @Override
    public void onHalfClose() {
      timeout.cancel(false);
      super.onHalfClose();
    }

    @Override
    public void onCancel() {
      timeout.cancel(false);
      super.onCancel();
    }

    @Override
    public void onComplete() {
      timeout.cancel(false);
      super.onComplete();
    }
  }
}
