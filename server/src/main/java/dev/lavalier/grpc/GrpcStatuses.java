package dev.lavalier.grpc;

import dev.lavalier.common.StreamException;
import dev.lavalier.service.StatusCode;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;

/** Creates the gRPC status for a reason; see {@link StatusCode}. */
final class GrpcStatuses {

  private GrpcStatuses() {}

  static StatusRuntimeException of(StreamException e) {
    return status(e).asRuntimeException();
  }

  static Status status(StreamException e) {
    return Status.fromCodeValue(StatusCode.of(e.reason()).number())
        .withDescription(e.getMessage())
        .withCause(e);
  }
}
