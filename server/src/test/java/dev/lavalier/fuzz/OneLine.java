package dev.lavalier.fuzz;

import static org.assertj.core.api.Assertions.assertThat;

/** What every refusal is, whatever was refused. */
public final class OneLine {

  /** Longer than any that quotes a whole name. */
  private static final int MAX_LENGTH = 1_000;

  private OneLine() {}

  /** Checks a refusal in the project's form. */
  public static void check(String message) {
    assertThat(message).contains("(expected: ").hasSizeLessThan(MAX_LENGTH);
    checkLine(message);
  }

  /** Checks a refusal in a form of others, or with a list of all that could have been. */
  public static void checkLine(String message) {
    assertThat(message).isNotBlank();
    assertThat(message.chars().filter(Character::isISOControl)).isEmpty();
  }
}
