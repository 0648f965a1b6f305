package dev.lavalier.client.bench;

import org.HdrHistogram.Histogram;

/**
 * How a length of time was distributed, in milliseconds, to three digits.
 *
 * @param count how many were seen; where none were, the others mean nothing
 * @param min the least
 * @param p50 half of them are no longer than this
 * @param p99 99 % are no longer than this
 * @param p999 99.9 % are no longer than this
 * @param max the longest
 */
public record LatencySummary(
    long count, double min, double p50, double p99, double p999, double max) {

  private static final long HIGHEST_NANOS = 3_600_000_000_000L;
  private static final int DIGITS = 3;
  private static final double NANOS_PER_MS = 1e6;

  /** Returns a histogram of nanoseconds, up to an hour. */
  static Histogram histogram() {
    return new Histogram(HIGHEST_NANOS, DIGITS);
  }

  /** Takes note of a length of time: of 0 for a negative one, of an hour for a longer one. */
  static void record(Histogram histogram, long nanos) {
    histogram.recordValue(Math.max(0, Math.min(HIGHEST_NANOS, nanos)));
  }

  /**
   * Sums up.
   *
   * @param shiftNanos what is to be added to each value
   */
  static LatencySummary of(Histogram histogram, long shiftNanos) {
    return new LatencySummary(
        histogram.getTotalCount(),
        toMillis(histogram.getMinValue() + shiftNanos),
        toMillis(histogram.getValueAtPercentile(50) + shiftNanos),
        toMillis(histogram.getValueAtPercentile(99) + shiftNanos),
        toMillis(histogram.getValueAtPercentile(99.9) + shiftNanos),
        toMillis(histogram.getMaxValue() + shiftNanos));
  }

  private static double toMillis(long nanos) {
    return nanos / NANOS_PER_MS;
  }
}
