package dev.lavalier.fuzz;

import static org.assertj.core.api.Assertions.assertThat;

/** Checks error messages for invalid input: each is one line. */
public final class OneLine {

  /** Longer than any message that quotes a whole name. */
  private static final int MAX_LENGTH = 1_000;

  private OneLine() {}

  /** Checks a message in the project's form. */
  public static void check(String message) {
    assertThat(message).contains("(expected: ").hasSizeLessThan(MAX_LENGTH);
    checkLine(message);
  }

  /** Checks a message in a library's form, or one that lists all valid values. */
  public static void checkLine(String message) {
    assertThat(message).isNotBlank();
    assertThat(message.chars().filter(Character::isISOControl)).isEmpty();
  }
}
