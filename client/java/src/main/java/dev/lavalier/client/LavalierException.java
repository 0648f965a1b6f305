package dev.lavalier.client;

import org.jspecify.annotations.Nullable;

/**
 * The reason why a call failed or a stream ended. The message is one line; it is the server's
 * message if the server sent one.
 */
public final class LavalierException extends Exception {

  private static final long serialVersionUID = 1L;

  /** The kind of a failure, with advice. The set is closed. */
  public enum Kind {
    /** A value is out of range: fix the request. */
    INVALID_REQUEST(false),
    /** The device does not exist, or there is no default device: choose another. */
    DEVICE_NOT_FOUND(false),
    /** The format is not available: choose one of those that the message lists. */
    FORMAT_NOT_AVAILABLE(false),
    /**
     * A limit of the server was reached, or this client was too slow under {@link
     * OverflowPolicy#CLOSE}: retry later.
     */
    LIMIT_REACHED(true),
    /** The server is unreachable or stopping, or the device is busy or lost: retry later. */
    UNAVAILABLE(true),
    /**
     * Authentication failed or is no longer valid: the token is missing, unknown, expired or
     * revoked, or there is no client certificate that the server trusts. Ask the operator for a
     * credential.
     */
    NOT_AUTHENTICATED(false),
    /** The caller is authenticated but does not have the required grant: ask the operator. */
    NOT_PERMITTED(false),
    /**
     * The TLS handshake failed: the server's certificate is not trusted, or only one side uses
     * encryption. Fix the {@link ConnectOptions}, or report it to the operator.
     */
    TLS_FAILED(false),
    /** This program closed the client or the stream before the call had a result. */
    CLOSED(false),
    /**
     * The calling thread was interrupted. Its interrupt flag stays set, and the stream or the watch
     * that it read is closed.
     */
    INTERRUPTED(false),
    /** The server does not have the method: it is older than this client, or another program. */
    NOT_SUPPORTED(false),
    /** Client and server are incompatible, or there is a bug: report it. */
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

  LavalierException(Kind kind, String message, @Nullable Throwable cause) {
    super(message, cause);
    this.kind = kind;
  }

  /** Returns the kind of the failure. */
  public Kind kind() {
    return kind;
  }
}
