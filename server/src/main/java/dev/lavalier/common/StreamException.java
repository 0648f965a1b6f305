package dev.lavalier.common;

/**
 * Why a subscription could not be had, or had to end. The set of reasons is closed: each says what
 * the caller can do, and each has one gRPC status.
 */
public final class StreamException extends Exception {

  private static final long serialVersionUID = 1L;

  /** What went wrong, with the advice. */
  public enum Reason {
    /** A value is out of its range: mend the request. */
    INVALID_REQUEST,
    /** No such device, or no default one: choose another. */
    DEVICE_NOT_FOUND,
    /** Neither the device nor the server can give that format: choose one that is listed. */
    FORMAT_NOT_AVAILABLE,
    /** A stream cannot be resumed at a point in the future: begin without it. */
    POSITION_IN_FUTURE,
    /** Somebody else has the device, or it refuses to open: try again later. */
    DEVICE_BUSY,
    /** The device went away while it was open: try again later. */
    DEVICE_LOST,
    /** The subscriber asked to be closed rather than to miss audio, and was too slow. */
    QUEUE_OVERFLOW,
    /** The subscriber has taken nothing for too long. */
    SUBSCRIBER_STALLED,
    /** A limit of the server's is reached: close something, or try again later. */
    LIMIT_REACHED,
    /** The caller has not said who it is, or is no longer known: get access. */
    NOT_AUTHENTICATED,
    /** The caller is known, and may not: ask the operator. */
    NOT_PERMITTED,
    /** The server is stopping: try again later. */
    SERVER_STOPPING
  }

  private final Reason reason;

  /** Makes one with a message of one line, for the caller to read. */
  public StreamException(Reason reason, String message) {
    this(reason, message, null);
  }

  /** Makes one with a cause, which goes to the log and not to the caller. */
  public StreamException(Reason reason, String message, Throwable cause) {
    super(message, cause);
    this.reason = reason;
  }

  /** Returns why. */
  public Reason reason() {
    return reason;
  }
}
