package dev.lavalier.client.bench;

import org.HdrHistogram.Histogram;

/**
 * The distribution of a duration, in milliseconds, to three digits.
 *
 * @param count the number of values; if it is 0, the other components have no meaning
 * @param min the smallest value
 * @param p50 50 % of the values are no larger than this
 * @param p99 99 % of the values are no larger than this
 * @param p999 99.9 % of the values are no larger than this
 * @param max the largest value
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

  /** Records a duration. A negative duration counts as 0, one beyond an hour as an hour. */
  static void record(Histogram histogram, long nanos) {
    histogram.recordValue(Math.max(0, Math.min(HIGHEST_NANOS, nanos)));
  }

  /**
   * Returns a summary of a histogram.
   *
   * @param shiftNanos the value to add to each duration
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
