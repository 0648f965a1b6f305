package dev.lavalier.grpc;

import dev.lavalier.common.StreamException;
import dev.lavalier.service.CallListener;
import dev.lavalier.service.CallSink;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;

/** The sending side of a gRPC call whose messages are encoded already. */
final class GrpcCallSink implements CallSink {

  private final ServerCallStreamObserver<byte[]> observer;

  GrpcCallSink(StreamObserver<byte[]> observer) {
    this.observer = (ServerCallStreamObserver<byte[]>) observer;
  }

  /** Has gRPC drive a call. Only while the call starts, in gRPC's method. */
  void drive(CallListener call) {
    // A cancel, a deadline that passed, and a lost connection all come this way.
    observer.setOnCancelHandler(() -> call.onCancel(CallTracer.cancellationReason()));
    observer.setOnReadyHandler(call::onReady);
  }

  @Override
  public void setReadyThreshold(int bytes) {
    observer.setOnReadyThreshold(bytes);
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
