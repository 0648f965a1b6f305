package dev.lavalier.service;

import dev.lavalier.common.StreamException;

/**
 * The status codes with which a call can fail. Each reason has one code. The names and numbers are
 * those of gRPC, which the contract uses on every transport.
 */
public enum StatusCode {
  /** The request has an invalid value. */
  INVALID_ARGUMENT(3),
  /** The request did not arrive in time. */
  DEADLINE_EXCEEDED(4),
  /** There is no such device. */
  NOT_FOUND(5),
  /** The caller is authenticated, but has no grant for this. */
  PERMISSION_DENIED(7),
  /** A limit is reached, or the subscriber is too slow. */
  RESOURCE_EXHAUSTED(8),
  /** The device cannot deliver the format. */
  FAILED_PRECONDITION(9),
  /** The position to start from lies in the future. */
  OUT_OF_RANGE(11),
  /** The server failed, which is a defect. */
  INTERNAL(13),
  /** The device or the server is not available now. Retry later. */
  UNAVAILABLE(14),
  /** The caller is not authenticated. */
  UNAUTHENTICATED(16);

  private final int number;

  StatusCode(int number) {
    this.number = number;
  }

  /** Returns the number of the code on the wire. */
  public int number() {
    return number;
  }

  /** Returns the code for a reason. */
  public static StatusCode of(StreamException.Reason reason) {
    return switch (reason) {
      case INVALID_REQUEST -> INVALID_ARGUMENT;
      case DEVICE_NOT_FOUND -> NOT_FOUND;
      case FORMAT_NOT_AVAILABLE -> FAILED_PRECONDITION;
      case POSITION_IN_FUTURE -> OUT_OF_RANGE;
      case QUEUE_OVERFLOW, SUBSCRIBER_STALLED, LIMIT_REACHED -> RESOURCE_EXHAUSTED;
      case REQUEST_TIMEOUT -> DEADLINE_EXCEEDED;
      case NOT_AUTHENTICATED -> UNAUTHENTICATED;
      case NOT_PERMITTED -> PERMISSION_DENIED;
      case DEVICE_BUSY, DEVICE_LOST, SERVER_STOPPING -> UNAVAILABLE;
      case SERVER_FAILED -> INTERNAL;
    };
  }
}
