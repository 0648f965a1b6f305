package dev.lavalier.access;

/**
 * Thrown if a caller cannot be authenticated. The message is for the caller and contains no more
 * than necessary. {@link #reason} is for the log.
 */
public final class AuthenticationException extends Exception {

  private static final long serialVersionUID = 1L;

  private final String reason;

  AuthenticationException(String message, String reason) {
    super(message);
    this.reason = reason;
  }

  /** Returns the reason in a few words, for the log. */
  public String reason() {
    return reason;
  }
}
