package dev.lavalier.grpc;

import dev.lavalier.service.CallObserver;
import io.grpc.Context;
import io.grpc.Metadata;
import io.grpc.ServerStreamTracer;
import io.grpc.Status;
import io.netty.handler.codec.http2.Http2Error;

/**
 * Follows one call on the transport, which knows how the call ended: a service only learns that the
 * call was cancelled, whether the client cancelled it or its host is gone.
 *
 * <p>The transport calls it, one method at a time.
 */
final class CallTracer extends ServerStreamTracer {

  private static final Context.Key<CallTracer> KEY = Context.key("lavalier-call");
  private static final String UNKNOWN = "unknown"; // no method of ours: a client's word is no label

  // What netty's transport says, in words that are no news to an operator.
  private static final String RESET = "RST_STREAM received for code ";
  private static final String CLOSED = "connection terminated for unknown reason";

  private final CallObserver observer;
  private String method = UNKNOWN;
  private volatile Status endStatus; // null: not yet

  private CallTracer(CallObserver observer) {
    this.observer = observer;
  }

  /** Returns what makes a tracer for every call of a server. */
  static Factory factory(CallObserver observer) {
    return new Factory() {
      @Override
      public ServerStreamTracer newServerStreamTracer(String fullMethodName, Metadata headers) {
        return new CallTracer(observer);
      }
    };
  }

  /** Says why the call in whose context this runs was cancelled, in a few words. */
  static String cancellationReason() {
    CallTracer tracer = KEY.get();
    Status status = tracer == null ? null : tracer.endStatus;
    if (status == null) {
      return "cancelled";
    }
    String description = String.valueOf(status.getDescription());
    return switch (status.getCode()) {
      case CANCELLED ->
          isUnexpectedReset(description)
              ? "reset by the subscriber: " + description
              : "cancelled by the subscriber";
      case DEADLINE_EXCEEDED -> "its deadline passed";
      case UNAVAILABLE ->
          description.equals(CLOSED)
              ? "its connection was closed"
              : "its connection was lost: " + description;
      default -> "the transport ended it: " + status.getCode() + ", " + description;
    };
  }

  /** Not with CANCEL, which is what a client says that wants no more. */
  private static boolean isUnexpectedReset(String description) {
    return description.startsWith(RESET) && !description.equals(RESET + Http2Error.CANCEL.code());
  }

  @Override
  public Context filterContext(Context context) {
    return context.withValue(KEY, this);
  }

  @Override
  public void serverCallStarted(ServerCallInfo<?, ?> call) {
    method = call.getMethodDescriptor().getFullMethodName();
    observer.onCallStarted(method);
  }

  @Override
  public void streamClosed(Status status) {
    endStatus = status;
    observer.onCallEnded(method, status.getCode().name());
  }
}
