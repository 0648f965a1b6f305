package dev.lavalier.access;

import org.jspecify.annotations.Nullable;

/**
 * Thrown if a file of the operator cannot be used. The message is one line that names the file, and
 * never contains a possible secret.
 */
public final class InvalidFileException extends Exception {

  private static final long serialVersionUID = 1L;

  /** Creates an exception with a message of one line. */
  public InvalidFileException(String message) {
    this(message, null);
  }

  /** Creates an exception with a message of one line, and its cause; null: none. */
  public InvalidFileException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
