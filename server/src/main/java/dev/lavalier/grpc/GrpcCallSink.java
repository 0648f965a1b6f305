package dev.lavalier.grpc;

import dev.lavalier.common.StreamException;
import dev.lavalier.service.CallListener;
import dev.lavalier.service.CallSink;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;

/** The sending side of a gRPC call whose messages are already encoded. */
final class GrpcCallSink implements CallSink {

  private final ServerCallStreamObserver<byte[]> observer;

  GrpcCallSink(StreamObserver<byte[]> observer) {
    this.observer = (ServerCallStreamObserver<byte[]>) observer;
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
  public void setReadyThreshold(int bytes) {
    observer.setOnReadyThreshold(bytes);
  }

  @Override
  public void requestMessage() {
    observer.request(1);
  }

  @Override
  public boolean isReady() {
    return observer.isReady();
  }

  @Override
  public void send(byte[] message) {
    observer.onNext(message);
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
