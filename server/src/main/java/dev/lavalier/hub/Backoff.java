package dev.lavalier.hub;

import java.time.Duration;

/** How long to wait before a lost device is tried again: 0.25 s, then twice as long, to 5 s. */
final class Backoff {

  private static final Duration INITIAL_DELAY = Duration.ofMillis(250);
  private static final Duration MAX_DELAY = Duration.ofSeconds(5);

  private long attempt;
  private Duration delay = Duration.ZERO;

  /** Goes on to the next attempt, and returns its number. */
  long next() {
    delay = delay.isZero() ? INITIAL_DELAY : delay.multipliedBy(2);
    delay = delay.compareTo(MAX_DELAY) > 0 ? MAX_DELAY : delay;
    return ++attempt;
  }

  /** Returns how long to wait before the attempt. */
  Duration delay() {
    return delay;
  }

  /** Returns the number of the attempt to come: timers of earlier ones are void. */
  long attempt() {
    return attempt;
  }

  /** The device works: the next loss begins anew. */
  void reset() {
    delay = Duration.ZERO;
    attempt++;
  }
}
