package dev.lavalier.grpc;

import dev.lavalier.common.StreamException;
import dev.lavalier.netty.DirectStream;
import dev.lavalier.service.CallListener;
import dev.lavalier.service.CallSink;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import org.jspecify.annotations.Nullable;

/**
 * The sending side of a gRPC call whose messages are already encoded.
 *
 * <p>With a {@link DirectStream}, a message is sent directly if nothing prevents it; otherwise gRPC
 * sends it. As long as gRPC has a message of this call queued, gRPC gets the next ones too, so the
 * order is kept. The call is ready only when gRPC has written everything: then no message has to
 * wait behind another one, and gRPC reports that it is ready again. While nothing is queued, gRPC
 * is not asked: that would load memory that no processor cache holds.
 */
final class GrpcCallSink implements CallSink {

  private final ServerCallStreamObserver<byte[]> observer;
  private final @Nullable DirectStream stream; // null: the transport offers none
  private @Nullable DirectMessages direct; // null: gRPC sends all messages
  private boolean queued; // by gRPC, when it was last asked; used only if messages go directly

  /** Creates a sink whose messages gRPC sends. */
  GrpcCallSink(StreamObserver<byte[]> observer) {
    this(observer, null);
  }

  /**
   * Creates a sink.
   *
   * @param stream the stream of the call, whose messages are sent directly; null: gRPC sends all
   */
  GrpcCallSink(StreamObserver<byte[]> observer, @Nullable DirectStream stream) {
    this.observer = (ServerCallStreamObserver<byte[]>) observer;
    this.stream = stream;
  }

  /**
   * Registers the listener of a call with gRPC. Called only in the service method that starts the
   * call.
   */
  void drive(CallListener call) {
    // After a cancellation, a passed deadline, a lost connection, or an end by an interceptor.
    observer.setOnCancelHandler(() -> call.onCancel(CallTracer.cancellationReason()));
    // After the call has closed, also if gRPC closed it because a message could not be sent.
    observer.setOnCloseHandler(() -> call.onCancel("the call was closed"));
    observer.setOnReadyHandler(call::onReady);
  }

  @Override
  public void setReadyThreshold(int bytes, boolean together) {
    if (stream == null || together) {
      observer.setOnReadyThreshold(bytes);
    } else {
      direct = DirectMessages.ofLoop();
      observer.setOnReadyThreshold(1); // ready: nothing of the call is queued
    }
  }

  @Override
  public void requestMessage() {
    observer.request(1);
  }

  @Override
  public boolean isReady() {
    if (direct == null) {
      return observer.isReady();
    }
    if (queued) {
      queued = !observer.isReady();
    }
    return !queued;
  }

  @Override
  public void send(byte[] message) {
    if (direct == null || queued || !direct.send(message, stream)) {
      queued = true;
      observer.onNext(message);
    }
  }

  @Override
  public boolean isFlushed() {
    return direct != null && !queued;
  }

  @Override
  public void complete() {
    observer.onCompleted();
  }

  @Override
  public void fail(StreamException reason) {
    observer.onError(GrpcStatuses.of(reason));
  }
}
