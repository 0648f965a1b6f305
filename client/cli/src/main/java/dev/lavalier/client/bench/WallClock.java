package dev.lavalier.client.bench;

import java.time.Instant;
import java.util.function.LongSupplier;

/**
 * The time of day in nanoseconds since 1970, for a few tens of nanoseconds a look: that of the
 * monotonic clock, moved by a difference that is measured anew each second. Safe for use from any
 * thread.
 */
final class WallClock implements LongSupplier {

  private static final long RECHECK_NANOS = 1_000_000_000L;
  private static final int ATTEMPTS = 5;

  private record Offset(long nanos, long measuredAt) {}

  private volatile Offset offset = measure();

  @Override
  public long getAsLong() {
    long now = System.nanoTime();
    Offset current = offset;
    if (now - current.measuredAt() > RECHECK_NANOS) {
      current = measure(); // by several threads at once, at worst
      offset = current;
    }
    return now + current.nanos();
  }

  /** Believes the try that was held up least between its two clocks. */
  private static Offset measure() {
    long shortest = Long.MAX_VALUE;
    long best = 0;
    long after = 0;
    for (int i = 0; i < ATTEMPTS; i++) {
      long before = System.nanoTime();
      Instant wall = Instant.now();
      after = System.nanoTime();
      if (after - before < shortest) {
        shortest = after - before;
        best = wall.getEpochSecond() * 1_000_000_000L + wall.getNano() - (before + shortest / 2);
      }
    }
    return new Offset(best, after);
  }
}
