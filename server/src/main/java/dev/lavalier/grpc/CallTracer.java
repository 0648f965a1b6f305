package dev.lavalier.grpc;

import dev.lavalier.access.RejectionLog;
import dev.lavalier.common.StreamException;
import dev.lavalier.netty.DirectStream;
import dev.lavalier.netty.PeerAddress;
import dev.lavalier.service.CallObserver;
import dev.lavalier.v1.AudioCaptureGrpc;
import io.grpc.Context;
import io.grpc.Grpc;
import io.grpc.Metadata;
import io.grpc.ServerStreamTracer;
import io.grpc.Status;
import io.netty.handler.codec.http2.Http2Error;
import java.net.SocketAddress;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Traces one call in the transport, which knows how the call ended. A service learns only that the
 * call was cancelled, and not whether the client cancelled it or its host failed. Logs a call that
 * ended because it exceeded a limit of the transport, of an interceptor or of the hub.
 *
 * <p>The transport calls the methods, one at a time.
 */
final class CallTracer extends ServerStreamTracer {

  private static final Context.Key<CallTracer> KEY = Context.key("lavalier-call");
  private static final String UNKNOWN =
      "unknown"; // not a method of the server: text from a client must not become a label

  /** The methods whose messages are sent directly. */
  private static final Set<String> SENDING_FRAMES =
      Set.of(
          AudioCaptureGrpc.getStreamFramesMethod().getFullMethodName(),
          AudioCaptureGrpc.getPullFramesMethod().getFullMethodName());

  // Texts of the netty transport for ordinary ends of a call.
  private static final String RESET = "RST_STREAM received for code ";
  private static final String CLOSED = "connection terminated for unknown reason";

  private final CallObserver observer;
  private final RejectionLog rejections;
  private final @Nullable DirectStream direct; // null: gRPC sends all messages
  private String method = UNKNOWN;
  private @Nullable SocketAddress peer; // null: the call has not started
  private volatile @Nullable Status endStatus; // null: the call has not ended
  private volatile @Nullable StreamException ending; // null: no interceptor has ended the call

  private CallTracer(
      CallObserver observer, RejectionLog rejections, @Nullable DirectStream direct) {
    this.observer = observer;
    this.rejections = rejections;
    this.direct = direct;
  }

  /**
   * Returns a factory that creates a tracer for each call. The transport calls it while it reads
   * the headers of the call, so the stream that is being read is that of the call.
   */
  static Factory factory(CallObserver observer, RejectionLog rejections) {
    return new Factory() {
      @Override
      public ServerStreamTracer newServerStreamTracer(String fullMethodName, Metadata headers) {
        boolean sendsFrames = SENDING_FRAMES.contains(fullMethodName);
        return new CallTracer(observer, rejections, sendsFrames ? DirectStream.beingRead() : null);
      }
    };
  }

  /** Returns the tracer of the current context; null: the transport has none. */
  static @Nullable CallTracer current() {
    return KEY.get();
  }

  /** Returns the direct stream of the current context; null: gRPC sends all messages. */
  static @Nullable DirectStream directStream() {
    CallTracer tracer = current();
    return tracer == null ? null : tracer.direct;
  }

  /** Called before an interceptor ends the call. */
  void onEnding(StreamException reason) {
    ending = reason;
  }

  /** Returns in a few words why the call of the current context was cancelled. */
  static String cancellationReason() {
    CallTracer tracer = current();
    StreamException ending = tracer == null ? null : tracer.ending;
    if (ending != null) {
      return String.valueOf(ending.getMessage());
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
    peer = call.getAttributes().get(Grpc.TRANSPORT_ATTR_REMOTE_ADDR);
    observer.onCallStarted(method);
  }

  @Override
  public void streamClosed(Status status) {
    endStatus = status;
    observer.onCallEnded(method, status.getCode().name());
    if (exceedsLimit(status)) {
      String address = peer == null ? UNKNOWN : PeerAddress.display(peer);
      rejections.limitReached(address, method, String.valueOf(status.getDescription()));
    }
  }

  /**
   * Returns whether a status means that the call exceeded a limit. DEADLINE_EXCEEDED comes only
   * from this server's own limit: a call that passes the deadline of its client is cancelled.
   */
  private static boolean exceedsLimit(Status status) {
    return switch (status.getCode()) {
      case RESOURCE_EXHAUSTED ->
          !(status.getCause() instanceof StreamException e)
              || e.reason() == StreamException.Reason.LIMIT_REACHED;
      case DEADLINE_EXCEEDED -> true;
      default -> false;
    };
  }
}
