package dev.lavalier.fuzz;

import static org.assertj.core.api.Assertions.assertThat;

/** What every refusal is, whatever was refused. */
final class OneLine {

  /** Longer than any that quotes a whole name. */
  private static final int MAX_LENGTH = 1_000;

  private OneLine() {}

  static void check(String message) {
    assertThat(message).contains("(expected: ").hasSizeLessThan(MAX_LENGTH);
    assertThat(message.chars().filter(Character::isISOControl)).isEmpty();
  }
}
