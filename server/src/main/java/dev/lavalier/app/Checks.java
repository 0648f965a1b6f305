package dev.lavalier.app;

import java.util.Collection;
import java.util.List;

/** Checks of option values. */
final class Checks {

  private Checks() {}

  /**
   * Returns {@code value}.
   *
   * @throws IllegalArgumentException if it is not in {@code low..high}
   */
  static int range(String key, int value, int low, int high) {
    if (value < low || value > high) {
      throw new IllegalArgumentException(
          "%s: %d (expected: %d..%d)".formatted(key, value, low, high));
    }
    return value;
  }

  /**
   * Checks the device ids of an option that can be repeated.
   *
   * @throws IllegalArgumentException if one of them is empty
   */
  static void noneEmpty(String key, Collection<String> ids) {
    if (ids.contains("")) {
      throw new IllegalArgumentException("%s: empty (expected: a device_id)".formatted(key));
    }
  }

  /**
   * Returns {@code value}.
   *
   * @throws IllegalArgumentException if it is not one of {@code choices}
   */
  static String choice(String key, String value, List<String> choices) {
    if (!choices.contains(value)) {
      throw new IllegalArgumentException(
          "%s: %s (expected: %s)".formatted(key, value, String.join(", ", choices)));
    }
    return value;
  }
}
