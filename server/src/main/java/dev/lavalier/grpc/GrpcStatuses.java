package dev.lavalier.grpc;

import dev.lavalier.audio.StreamException;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;

/** One gRPC status for each reason. */
final class GrpcStatuses {

  private GrpcStatuses() {}

  static StatusRuntimeException of(StreamException e) {
    Status status =
        switch (e.reason()) {
          case INVALID_REQUEST -> Status.INVALID_ARGUMENT;
          case DEVICE_NOT_FOUND -> Status.NOT_FOUND;
          case FORMAT_NOT_AVAILABLE -> Status.FAILED_PRECONDITION;
          case POSITION_IN_FUTURE -> Status.OUT_OF_RANGE;
          case QUEUE_OVERFLOW, SUBSCRIBER_STALLED, LIMIT_REACHED -> Status.RESOURCE_EXHAUSTED;
          case NOT_AUTHENTICATED -> Status.UNAUTHENTICATED;
          case NOT_PERMITTED -> Status.PERMISSION_DENIED;
          case DEVICE_BUSY, DEVICE_LOST, SERVER_STOPPING -> Status.UNAVAILABLE;
        };
    return status.withDescription(e.getMessage()).withCause(e).asRuntimeException();
  }
}
