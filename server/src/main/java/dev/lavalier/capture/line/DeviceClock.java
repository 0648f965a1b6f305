package dev.lavalier.capture.line;

import dev.lavalier.audio.PcmFormat;

/**
 * Estimates when each sample of an epoch was captured, on the steady clock of this machine. Also
 * estimates how many samples a device has lost, because no sound system reports that.
 *
 * <p>{@link #recordArrival} reports that samples arrived exactly at a given time. The clock is a
 * straight line fitted to the arrivals by least squares. An arrival that is five minutes old has
 * 1/e of the weight of a new one, because crystals drift with temperature.
 *
 * <p>{@link #observe} reports only that samples had arrived by a given time; they may have arrived
 * earlier, in a burst. If for a quarter of a second every observation finds the samples later than
 * the line's buffer can explain, they are lost. The observation then returns their number, and the
 * caller advances its position.
 *
 * <p>Used by one thread.
 */
final class DeviceClock {

  /** How long samples must be missing before they count as lost. */
  private static final long WINDOW_NANOS = 250_000_000L;

  /** The number of arrivals in five minutes, at one per second. */
  private static final double DECAY_ARRIVALS = 300;

  /**
   * The slope is used from this number of arrivals, and limited to {@link #MAX_SLOPE}, which no
   * crystal exceeds.
   */
  private static final int MIN_ARRIVALS_FOR_SLOPE = 3;

  private static final double MAX_SLOPE = 0.02;

  /**
   * The drift is reported after a minute, if its standard error is below {@link
   * #MAX_STANDARD_ERROR}.
   */
  private static final int MIN_ARRIVALS_TO_REPORT = 60;

  private static final double MAX_STANDARD_ERROR = 5e-6;

  /**
   * If an arrival is earlier than the fitted line by more than this, the arrivals before it were
   * late.
   */
  private static final double MAX_EARLY_SECONDS = 0.02;

  private final PcmFormat format;
  private final double lossThresholdSeconds;
  private long originNanos = Long.MIN_VALUE; // origin of the lags, set by the first observation

  // The window of observations.
  private boolean windowOpen;
  private long windowEnd;
  private double minLateness; // seconds behind the fitted line

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
   * Creates a clock without observations.
   *
   * @param lossThresholdNanos how late samples may be without counting as lost
   */
  DeviceClock(PcmFormat format, long lossThresholdNanos) {
    this.format = format;
    this.lossThresholdSeconds = lossThresholdNanos / 1e9;
  }

  /**
   * Records an observation of the capture line. Call it only if the line holds no backlog.
   *
   * @param nanos steady time of the observation
   * @param samples samples that had arrived by then in this epoch, including lost samples
   * @return number of samples that were lost; usually 0
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

  /** Discards the current window, because a pause of the reader says nothing about the device. */
  void resetWindow() {
    windowOpen = false;
  }

  /**
   * Records that samples arrived at this moment. The clock must have been observed before.
   *
   * @param samples samples that have arrived in this epoch, including lost samples
   */
  void recordArrival(long nanos, long samples) {
    double x = seconds(samples);
    double y = lag(nanos, x);
    double lateness = y - lagAt(x);
    if (arrivals > 0 && lateness > lossThresholdSeconds) {
      return; // a backlog or a loss: observe() distinguishes them
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
   * Returns the steady time in nanoseconds at which a sample was captured.
   *
   * @param sample index in the epoch, including lost samples; the clock must have been observed
   *     before
   */
  long nanosOf(long sample) {
    return originNanos + format.nanosOf(sample) + Math.round(lagAt(seconds(sample)) * 1e9);
  }

  /**
   * Returns whether {@link #driftPpm} is precise enough to be reported: there are arrivals for a
   * minute, and its standard error is below 5 ppm. The error is estimated from the scatter of the
   * arrivals around the fitted line.
   */
  boolean isConverged() {
    double spread = sumXx - sumX * pivot;
    double scatter = (sumYy - sumY * offset - slope * (sumXy - sumX * offset)) / sum;
    return arrivals >= MIN_ARRIVALS_TO_REPORT
        && Math.sqrt(Math.max(0, scatter) / spread) < MAX_STANDARD_ERROR;
  }

  /**
   * Returns how much faster the device's clock runs than the clock of this machine, in parts per
   * million; 0 until there are enough arrivals.
   */
  double driftPpm() {
    return -slope / (1 + slope) * 1e6;
  }
}
