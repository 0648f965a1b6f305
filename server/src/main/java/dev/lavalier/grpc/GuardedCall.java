package dev.lavalier.grpc;

import dev.lavalier.common.StreamException;
import io.grpc.ForwardingServerCall.SimpleForwardingServerCall;
import io.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.Status;
import org.jspecify.annotations.Nullable;

/**
 * A call that an interceptor can end while a service serves it. The service then sees a cancelled
 * call: its subscription ends at once, even if the peer reads nothing. What it still sends is
 * dropped, because gRPC does not allow messages after the end of a call.
 *
 * <p>Used by one thread at a time.
 */
final class GuardedCall<ReqT, RespT> extends SimpleForwardingServerCall<ReqT, RespT> {

  private final @Nullable CallTracer tracer; // null: the transport has none
  private volatile boolean closed; // the service has closed the call, or can send no more
  private volatile boolean ended; // an interceptor has ended the call
  private volatile ServerCall.@Nullable Listener<ReqT> service; // null: the service has not started

  GuardedCall(ServerCall<ReqT, RespT> call) {
    super(call);
    this.tracer = CallTracer.current();
  }

  /** Returns the listener for gRPC, which passes events to the service until the call has ended. */
  ServerCall.Listener<ReqT> guard(ServerCall.Listener<ReqT> listener) {
    service = listener;
    return new Guard(listener);
  }

  /** Ends the call with the status of a reason, if it has not ended yet. */
  void end(StreamException reason) {
    if (closed || ended) {
      return;
    }
    ended = true;
    if (tracer != null) {
      tracer.onEnding(reason);
    }
    ServerCall.Listener<ReqT> started = service;
    try {
      if (started != null) {
        started.onCancel();
      }
    } finally { // the call ends also if the service fails
      delegate().close(GrpcStatuses.status(reason), new Metadata());
    }
  }

  @Override
  public void sendHeaders(Metadata headers) {
    if (!ended) {
      super.sendHeaders(headers);
    }
  }

  @Override
  public void sendMessage(RespT message) {
    if (closed || ended) {
      return;
    }
    try {
      super.sendMessage(message);
    } catch (Error e) { // such as no direct memory; gRPC has closed the call
      closed = true;
      throw e;
    }
  }

  @Override
  public void close(Status status, Metadata trailers) {
    if (!closed && !ended) {
      closed = true;
      super.close(status, trailers);
    }
  }

  private final class Guard extends SimpleForwardingServerCallListener<ReqT> {

    Guard(ServerCall.Listener<ReqT> service) {
      super(service);
    }

    @Override
    public void onMessage(ReqT message) {
      if (!ended) {
        super.onMessage(message);
      }
    }

    @Override
    public void onHalfClose() {
      if (!ended) {
        super.onHalfClose();
      }
    }

    @Override
    public void onReady() {
      if (!ended) {
        super.onReady();
      }
    }

    @Override
    public void onCancel() {
      if (!ended) {
        super.onCancel();
      }
    }

    @Override
    public void onComplete() {
      if (!ended) {
        super.onComplete();
      }
    }
  }
}
