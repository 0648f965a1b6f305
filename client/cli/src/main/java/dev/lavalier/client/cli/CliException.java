package dev.lavalier.client.cli;

import org.jspecify.annotations.Nullable;

/** A failure that the user can correct. The message is one line. */
final class CliException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  CliException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
