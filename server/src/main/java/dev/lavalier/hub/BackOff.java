package dev.lavalier.hub;

import java.time.Duration;

/** How long to wait before a lost device is tried again: 0.25 s, then twice as long, to 5 s. */
final class BackOff {

  private static final Duration FIRST = Duration.ofMillis(250);
  private static final Duration LAST = Duration.ofSeconds(5);

  private long attempt;
  private Duration delay = Duration.ZERO;

  /** Goes on to the next attempt, and returns its number. */
  long next() {
    delay = delay.isZero() ? FIRST : delay.multipliedBy(2);
    delay = delay.compareTo(LAST) > 0 ? LAST : delay;
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
