package dev.lavalier.client.bench;

import java.time.Instant;
import java.util.function.LongSupplier;

/**
 * The time in nanoseconds since 1970. A read costs a few tens of nanoseconds: the clock adds an
 * offset to the monotonic clock and measures the offset again every second. Safe for use from any
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
      current = measure(); // several threads may measure at once, which does no harm
      offset = current;
    }
    return now + current.nanos();
  }

  /**
   * Measures the offset several times and uses the attempt with the least time between the two
   * reads of the monotonic clock.
   */
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
