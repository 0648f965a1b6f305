package dev.lavalier.client.cli;

/** An invalid value on the command line. The message is one line and names the option. */
final class UsageException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  UsageException(String message) {
    super(message);
  }
}
