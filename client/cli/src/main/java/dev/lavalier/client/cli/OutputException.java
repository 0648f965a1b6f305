package dev.lavalier.client.cli;

import java.io.IOException;

/**
 * A failed write of the output of a command. If the reader of a pipe has closed it, this is a
 * normal end: the reader has read what it wants.
 */
final class OutputException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  private final boolean readerLeft;

  private OutputException(String message, boolean readerLeft, Throwable cause) {
    super(message, cause);
    this.readerLeft = readerLeft;
  }

  /**
   * Creates the exception for a failed write. A write to a pipe fails only if its reader has closed
   * it. The text of an error depends on the language of the system, so it does not decide.
   */
  static OutputException of(String target, boolean isPipe, IOException e) {
    return new OutputException(
        "%s: not written (expected: a writable target; %s)".formatted(target, FileTypes.reason(e)),
        isPipe,
        e);
  }

  /** Returns whether the reader of a pipe has closed it. */
  boolean readerLeft() {
    return readerLeft;
  }
}
