package dev.lavalier.service;

import dev.lavalier.common.StreamException;
import dev.lavalier.common.StreamException.Reason;
import java.time.Duration;

/**
 * The errors of requests that a transport rejects before the call starts. They are the same on
 * every transport.
 */
public final class RequestErrors {

  private RequestErrors() {}

  /**
   * Returns the error of a request that is not a message of its method.
   *
   * @param method {@code service/method}
   */
  public static StreamException malformed(String method) {
    return new StreamException(
        Reason.INVALID_REQUEST, "request: malformed (expected: a message of %s)".formatted(method));
  }

  /**
   * Returns the error of a call whose first request did not arrive in time.
   *
   * @param limit the value of {@code --handshake-timeout-s}
   */
  public static StreamException timedOut(Duration limit) {
    return new StreamException(
        Reason.REQUEST_TIMEOUT,
        "request: none (expected: within %d s; handshake-timeout-s)".formatted(limit.toSeconds()));
  }

  /**
   * Returns the error of a call with too much metadata.
   *
   * @param bytes its size
   * @param limit the value of {@code --max-metadata-bytes}
   */
  public static StreamException metadataTooLarge(int bytes, int limit) {
    return new StreamException(
        Reason.LIMIT_REACHED,
        "metadata: %d bytes (expected: no more than %d; max-metadata-bytes)"
            .formatted(bytes, limit));
  }

  /**
   * Returns the error of a request that is larger than allowed.
   *
   * @param limit the value of {@code --max-message-bytes}
   */
  public static StreamException tooLarge(int limit) {
    return new StreamException(
        Reason.LIMIT_REACHED,
        "request: too large (expected: no more than %d bytes; max-message-bytes)".formatted(limit));
  }

  /** Returns the error of a call whose peer sends further requests before the call reads them. */
  public static StreamException tooManyWaiting() {
    return new StreamException(
        Reason.LIMIT_REACHED,
        "requests: more than the call reads (expected: one for each frame that arrives)");
  }
}
