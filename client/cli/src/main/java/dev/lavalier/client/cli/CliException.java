package dev.lavalier.client.cli;

/** Something that the user can mend, told in one line. */
final class CliException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  CliException(String message, Throwable cause) {
    super(message, cause);
  }
}
