package dev.lavalier.app;

/** Checks of what the operator says. */
final class Checks {

  private Checks() {}

  /**
   * Returns {@code value}.
   *
   * @throws IllegalArgumentException where it is not within {@code low..high}
   */
  static int range(String key, int value, int low, int high) {
    if (value < low || value > high) {
      throw new IllegalArgumentException(
          "%s: %d (expected: %d..%d)".formatted(key, value, low, high));
    }
    return value;
  }
}
