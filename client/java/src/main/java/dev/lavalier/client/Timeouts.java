package dev.lavalier.client;

import java.time.Duration;

/** The range of the timeouts that an application can choose. Computation only. */
final class Timeouts {

  private static final Duration MIN = Duration.ofMillis(1);
  private static final Duration MAX = Duration.ofHours(1);

  private Timeouts() {}

  /**
   * Checks a timeout.
   *
   * @param name the name of the option, for the message
   * @throws IllegalArgumentException if it is out of range; the message is one line
   */
  static void check(String name, Duration timeout) {
    if (timeout.compareTo(MIN) < 0 || timeout.compareTo(MAX) > 0) {
      throw new IllegalArgumentException("%s: %s (expected: 1 ms to 1 h)".formatted(name, timeout));
    }
  }

  /** Returns a time for people. */
  static String text(long millis) {
    return millis < 1_000 ? millis + " ms" : Math.round(millis / 1e3) + " s";
  }
}
