package dev.lavalier.grpc;

import dev.lavalier.service.CallObserver;
import io.grpc.Context;
import io.grpc.Metadata;
import io.grpc.ServerStreamTracer;
import io.grpc.Status;
import io.netty.handler.codec.http2.Http2Error;
import org.jspecify.annotations.Nullable;

/**
 * Traces one call in the transport, which knows how the call ended. A service learns only that the
 * call was cancelled, and not whether the client cancelled it or its host failed.
 *
 * <p>The transport calls the methods, one at a time.
 */
final class CallTracer extends ServerStreamTracer {

  private static final Context.Key<CallTracer> KEY = Context.key("lavalier-call");
  private static final String UNKNOWN =
      "unknown"; // not a method of the server: text from a client must not become a label

  // Texts of the netty transport for ordinary ends of a call.
  private static final String RESET = "RST_STREAM received for code ";
  private static final String CLOSED = "connection terminated for unknown reason";

  private final CallObserver observer;
  private String method = UNKNOWN;
  private volatile @Nullable Status endStatus; // null: the call has not ended
  private volatile String serverReason = ""; // empty: the server did not end the call

  private CallTracer(CallObserver observer) {
    this.observer = observer;
  }

  /** Returns a factory that creates a tracer for each call. */
  static Factory factory(CallObserver observer) {
    return new Factory() {
      @Override
      public ServerStreamTracer newServerStreamTracer(String fullMethodName, Metadata headers) {
        return new CallTracer(observer);
      }
    };
  }

  /** Notes that the server ends the call of the current context with a status. */
  static void endedByServer(Status status) {
    CallTracer tracer = KEY.get();
    if (tracer != null) {
      tracer.serverReason = String.valueOf(status.getDescription());
    }
  }

  /** Returns in a few words why the call of the current context was cancelled. */
  static String cancellationReason() {
    CallTracer tracer = KEY.get();
    if (tracer != null && !tracer.serverReason.isEmpty()) {
      return tracer.serverReason;
    }
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

  /**
   * Returns whether a stream was reset with another code than CANCEL, the code of a normal
   * cancellation.
   */
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
