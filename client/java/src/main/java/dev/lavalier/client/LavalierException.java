package dev.lavalier.client;

/**
 * Why a call failed or a stream ended. The message is one line, the server's own where it sent one.
 */
public final class LavalierException extends Exception {

  private static final long serialVersionUID = 1L;

  /** What went wrong, and what can be done. The set is closed. */
  public enum Kind {
    /** A value is out of its range: mend the request. */
    INVALID_REQUEST(false),
    /** No such device, or no default one: choose another. */
    DEVICE_NOT_FOUND(false),
    /** That format cannot be had; the message lists those that can: choose another. */
    FORMAT_NOT_AVAILABLE(false),
    /** A limit of the server, or this client was too slow under {@link OverflowPolicy#CLOSE}. */
    LIMIT_REACHED(true),
    /** The server is not there or stopping, or the device is busy or lost: try again later. */
    UNAVAILABLE(true),
    /**
     * The server does not know who asks, or not any more: no token, an unknown, expired or revoked
     * one, or no client certificate that it trusts. Ask its operator for one.
     */
    NOT_AUTHENTICATED(false),
    /** The server knows who asks, and does not allow it: ask its operator. */
    NOT_PERMITTED(false),
    /**
     * No trust: the server's certificate is not good enough, or one of the two wants encryption and
     * the other has none. Mend the {@link ConnectOptions}, or tell the server's operator.
     */
    TLS_FAILED(false),
    /** The two do not understand each other, or a bug: report it. */
    INTERNAL(false);

    private final boolean retryable;

    Kind(boolean retryable) {
      this.retryable = retryable;
    }

    /** Returns whether the same request may succeed later. */
    public boolean isRetryable() {
      return retryable;
    }
  }

  private final Kind kind;

  LavalierException(Kind kind, String message, Throwable cause) {
    super(message, cause);
    this.kind = kind;
  }

  /** Returns what went wrong. */
  public Kind kind() {
    return kind;
  }
}
