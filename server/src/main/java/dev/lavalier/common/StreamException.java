package dev.lavalier.common;

import org.jspecify.annotations.Nullable;

/**
 * Reports why a subscription was refused or ended by the server. The set of reasons is closed: each
 * one says what the caller can do, and maps to one gRPC status.
 */
public final class StreamException extends Exception {

  private static final long serialVersionUID = 1L;

  /** The cause, with advice for the caller. */
  public enum Reason {
    /** A value is out of range: correct the request. */
    INVALID_REQUEST,
    /** There is no such device, or no default device: choose another one. */
    DEVICE_NOT_FOUND,
    /** Neither the device nor the server can provide the format: choose one from the message. */
    FORMAT_NOT_AVAILABLE,
    /** The position to resume at is in the future: subscribe without it. */
    POSITION_IN_FUTURE,
    /** The device is in use by another program, or does not open: try again later. */
    DEVICE_BUSY,
    /** The device was lost or is not available: try again later. */
    DEVICE_LOST,
    /** The subscriber was too slow, and its overflow policy is to end rather than to lose audio. */
    QUEUE_OVERFLOW,
    /** The subscriber has not read any frame for too long: subscribe again. */
    SUBSCRIBER_STALLED,
    /** A limit of the server is reached: close a stream, or try again later. */
    LIMIT_REACHED,
    /** The request did not arrive in time: send it when the call starts. */
    REQUEST_TIMEOUT,
    /** The credential is missing, unknown or no longer valid: ask the operator for one. */
    NOT_AUTHENTICATED,
    /** The caller is authenticated but has no permission: ask the operator. */
    NOT_PERMITTED,
    /** The server is stopping: try again later. */
    SERVER_STOPPING,
    /** The server failed to serve the stream: subscribe again, and report the message. */
    SERVER_FAILED
  }

  /**
   * The maximum number of characters in a message. Any such message fits into the 8 KiB of metadata
   * that a gRPC client accepts, even if each character takes 12 bytes there.
   */
  public static final int MAX_MESSAGE = 600;

  private final Reason reason;

  /**
   * Creates an exception with a message for the caller. The message may quote a peer: it is
   * sanitized with {@link LogText}, and cut at {@link #MAX_MESSAGE}.
   */
  public StreamException(Reason reason, String message) {
    this(reason, message, null);
  }

  /** Creates an exception with a cause. The cause is only logged, and not sent to the caller. */
  public StreamException(Reason reason, String message, @Nullable Throwable cause) {
    // A refusal has no stack trace: it is no failure, and callers can cause many.
    super(LogText.sanitizeAndTruncate(message, MAX_MESSAGE), cause, true, cause != null);
    this.reason = reason;
  }

  /** Returns the reason. */
  public Reason reason() {
    return reason;
  }
}
