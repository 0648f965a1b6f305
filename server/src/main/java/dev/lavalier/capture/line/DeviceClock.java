package dev.lavalier.capture.line;

import dev.lavalier.audio.PcmFormat;

/**
 * When each sample of an epoch was captured, by the host's steady clock; and how many samples a
 * device has lost, which no sound system tells.
 *
 * <p>An {@link #recordArrival} says: at this moment, and not before, so many samples had come. The
 * clock is a straight line through the arrivals: least squares, in which one that is five minutes
 * old weighs 1/e of a new one, because crystals drift with temperature.
 *
 * <p>A {@link #observe} says only that they had come by then, perhaps a lump of samples earlier.
 * Where for a quarter of a second every look finds them later than the line's buffer can explain,
 * they are not late but lost: the look says how many, and the caller moves its count on.
 *
 * <p>One thread.
 */
final class DeviceClock {

  /** How long samples must be missing to be given up. */
  private static final long WINDOW_NANOS = 250_000_000L;

  /** The arrivals of five minutes, at one a second. */
  private static final double DECAY_ARRIVALS = 300;

  /** A slope is believed from here on, and not beyond what any crystal does. */
  private static final int MIN_ARRIVALS_FOR_SLOPE = 3;

  private static final double MAX_SLOPE = 0.02;

  /** A rate is worth telling after a minute, where it is known as well as that. */
  private static final int MIN_ARRIVALS_TO_REPORT = 60;

  private static final double MAX_STANDARD_ERROR = 5e-6;

  /** An arrival that is earlier than the line by more shows that those before it were late. */
  private static final double MAX_EARLY_SECONDS = 0.02;

  private final PcmFormat format;
  private final double lossThresholdSeconds;
  private long originNanos = Long.MIN_VALUE; // of the first look: lags are counted from it

  // The window of looks.
  private boolean windowOpen;
  private long windowEnd;
  private double minLateness; // seconds behind the line

  // Sums of the weighted arrivals (x: seconds of audio, y: seconds of lag).
  private double sum;
  private double sumX;
  private double sumY;
  private double sumXx;
  private double sumXy;
  private double sumYy;
  private int arrivals;

  // lag = offset + slope * (seconds of audio - pivot)
  private double offset;
  private double slope;
  private double pivot;

  /**
   * Makes a clock that has seen nothing.
   *
   * @param lossThresholdNanos how long samples may be late without being lost
   */
  DeviceClock(PcmFormat format, long lossThresholdNanos) {
    this.format = format;
    this.lossThresholdSeconds = lossThresholdNanos / 1e9;
  }

  /**
   * Notes a look at the line. Only where nothing waits in it but what came just now.
   *
   * @param nanos when
   * @param samples how many samples had come by then, since the epoch began, lost ones counted
   * @return how many samples are missing beyond doubt; 0 nearly always
   */
  long observe(long nanos, long samples) {
    if (originNanos == Long.MIN_VALUE) {
      originNanos = nanos - format.nanosOf(samples);
    }
    double x = seconds(samples);
    double lag = lag(nanos, x);
    if (arrivals == 0) {
      offset = Math.min(offset, lag);
    }
    double lateness = lag - lagAt(x);
    minLateness = windowOpen ? Math.min(minLateness, lateness) : lateness;
    if (!windowOpen) {
      windowOpen = true;
      windowEnd = nanos + WINDOW_NANOS;
    }
    if (nanos < windowEnd) {
      return 0;
    }
    windowOpen = false;
    return minLateness > lossThresholdSeconds ? Math.round(minLateness * format.sampleRateHz()) : 0;
  }

  /** Forgets the window begun: a pause in the reading says nothing about the device. */
  void resetWindow() {
    windowOpen = false;
  }

  /**
   * Notes that samples have come at this moment. After a {@link #observe}.
   *
   * @param samples how many by now, since the epoch began, lost ones counted
   */
  void recordArrival(long nanos, long samples) {
    double x = seconds(samples);
    double y = lag(nanos, x);
    double lateness = y - lagAt(x);
    if (arrivals > 0 && lateness > lossThresholdSeconds) {
      return; // a backlog, or lost: the looks will tell
    }
    if (lateness < -MAX_EARLY_SECONDS) {
      resetFit();
    }
    double decay = 1 - 1 / DECAY_ARRIVALS;
    sum = sum * decay + 1;
    sumX = sumX * decay + x;
    sumY = sumY * decay + y;
    sumXx = sumXx * decay + x * x;
    sumXy = sumXy * decay + x * y;
    sumYy = sumYy * decay + y * y;
    arrivals++;
    pivot = sumX / sum;
    offset = sumY / sum;
    double spread = sumXx - sumX * pivot;
    double fitted = spread > 0 ? (sumXy - sumX * offset) / spread : 0;
    slope =
        arrivals < MIN_ARRIVALS_FOR_SLOPE ? 0 : Math.max(-MAX_SLOPE, Math.min(MAX_SLOPE, fitted));
  }

  private void resetFit() {
    sum = 0;
    sumX = 0;
    sumY = 0;
    sumXx = 0;
    sumXy = 0;
    sumYy = 0;
    arrivals = 0;
  }

  private double seconds(long samples) {
    return (double) samples / format.sampleRateHz();
  }

  private double lag(long nanos, double x) {
    return (nanos - originNanos) / 1e9 - x;
  }

  private double lagAt(double x) {
    return offset + slope * (x - pivot);
  }

  /**
   * Returns when a sample was captured, on the host's steady clock in nanoseconds.
   *
   * @param sample its number in the epoch, lost ones counted; the clock must have had a look
   */
  long nanosOf(long sample) {
    return originNanos + format.nanosOf(sample) + Math.round(lagAt(seconds(sample)) * 1e9);
  }

  /**
   * Tells whether {@link #driftPpm} is worth telling: there have been arrivals for a minute, and
   * its standard error, by how they scatter about the line, is below 5 ppm.
   */
  boolean isConverged() {
    double spread = sumXx - sumX * pivot;
    double scatter = (sumYy - sumY * offset - slope * (sumXy - sumX * offset)) / sum;
    return arrivals >= MIN_ARRIVALS_TO_REPORT
        && Math.sqrt(Math.max(0, scatter) / spread) < MAX_STANDARD_ERROR;
  }

  /**
   * Returns how much faster the device's clock runs than the host's, in parts per million; 0 until
   * that can be told.
   */
  double driftPpm() {
    return -slope / (1 + slope) * 1e6;
  }
}
