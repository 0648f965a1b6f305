package dev.lavalier.access;

/**
 * A caller was not let in. The message is for the caller, and tells no more than it must; {@link
 * #reason} is for the log.
 */
public final class AuthenticationException extends Exception {

  private static final long serialVersionUID = 1L;

  private final String reason;

  AuthenticationException(String message, String reason) {
    super(message);
    this.reason = reason;
  }

  /** Returns why, in a few words. */
  public String reason() {
    return reason;
  }
}
