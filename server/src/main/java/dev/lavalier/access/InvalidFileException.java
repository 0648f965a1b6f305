package dev.lavalier.access;

/**
 * A file of the operator's that cannot be used. The message is one line that names it, and never
 * holds what could be a secret.
 */
public final class InvalidFileException extends Exception {

  private static final long serialVersionUID = 1L;

  /** Makes one with its line. */
  public InvalidFileException(String message) {
    this(message, null);
  }

  /** Makes one with a cause, which the line speaks for. */
  public InvalidFileException(String message, Throwable cause) {
    super(message, cause);
  }
}
