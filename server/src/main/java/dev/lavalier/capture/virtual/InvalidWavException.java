package dev.lavalier.capture.virtual;

import java.io.IOException;

/** A WAV file that cannot be played. */
final class InvalidWavException extends IOException {

  private static final long serialVersionUID = 1L;

  private final String expected;

  /**
   * Creates an exception.
   *
   * @param expected what was expected and what was found, as the end of a message of one line
   */
  InvalidWavException(String expected) {
    super("expected: " + expected);
    this.expected = expected;
  }

  /** Returns what was expected and what was found. */
  String expected() {
    return expected;
  }
}
