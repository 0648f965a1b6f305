package dev.lavalier.capture.line;

import dev.lavalier.audio.PcmFormat;

/**
 * Estimates when each sample of an epoch was captured, on the steady clock of this machine. Also
 * estimates how many samples were lost, because no sound system reports that.
 *
 * <p>{@link #recordArrival} reports that samples arrived exactly at a given time. The clock is the
 * {@link ArrivalLine} of these.
 *
 * <p>{@link #observe} reports only that samples had arrived by a given time; they may have arrived
 * earlier, in a burst. If for a quarter of a second every observation finds the samples later than
 * the line's buffer can explain, they are lost. The observation then returns their number, and the
 * caller advances its position. After {@link #suspectLoss} a much smaller lateness counts. If even
 * that is not reached, the lateness is added to that of the next suspected loss, so that many small
 * losses are counted in sum.
 *
 * <p>Used by one thread.
 */
final class DeviceClock {

  /** How long samples must be missing before they count as lost. */
  private static final long WINDOW_NANOS = 250_000_000L;

  /** How late samples must be to count as lost if there is other evidence of a loss. */
  private static final double SUSPECTED_LOSS_SECONDS = 0.004;

  /**
   * A suspected loss is measured by at least this many exact arrivals. One of them may be late: the
   * first after the device stalled. There is no time for more, because the line fills meanwhile.
   */
  private static final int MIN_EXACT_ARRIVALS = 2;

  /** How much longer a window may last if the reader is too busy to see when samples arrive. */
  private static final long MAX_WAIT_NANOS = 700_000_000L;

  /** If an arrival is earlier than the line by more than this, the arrivals before it were late. */
  private static final double MAX_EARLY_SECONDS = 0.02;

  private final PcmFormat format;
  private final double lossThresholdSeconds;
  private long originNanos = Long.MIN_VALUE; // origin of the lags, set by the first observation

  // The window of observations.
  private boolean windowOpen;
  private long windowEnd;
  private long windowLimit; // the window ends then at the latest
  private long observedAt; // time of the last observation that was late, or in doubt
  private double minLateness; // seconds behind the line
  private boolean suspected; // a loss is probable
  private int exactArrivals; // since the loss is suspected
  private double unreported; // seconds of suspected losses that do not count yet

  private final ArrivalLine arrivals = new ArrivalLine();
  private double
      slipped; // seconds by which steps moved the line back and that do not count as lost

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
   * Sets the origin of the clock. Otherwise the first observation sets it.
   *
   * @param nanos steady time at which sample 0 was captured
   */
  void start(long nanos) {
    originNanos = nanos;
  }

  /**
   * Records an observation of the capture line. Call it only if the line holds no backlog.
   *
   * @param nanos steady time of the observation
   * @param samples samples that had arrived by then in this epoch, including lost samples
   * @param exact whether the last of them arrived only then
   * @return number of samples that were lost; usually 0
   */
  long observe(long nanos, long samples, boolean exact) {
    if (originNanos == Long.MIN_VALUE) {
      originNanos = nanos - format.nanosOf(samples);
    }
    double x = seconds(samples);
    double lag = lag(nanos, x);
    arrivals.lower(x, lag);
    double lateness = lag - arrivals.at(x);
    if (!suspected && lateness <= lossThresholdSeconds) {
      windowOpen = false;
      return slipped > lossThresholdSeconds ? takeSlipped() : 0;
    }
    boolean paused = nanos - observedAt > WINDOW_NANOS; // the samples before may have to be read
    if (!windowOpen || (!suspected && paused)) {
      openWindow(nanos, WINDOW_NANOS);
    }
    observedAt = nanos;
    minLateness = Math.min(minLateness, lateness);
    exactArrivals += exact ? 1 : 0;
    boolean waits = nanos < windowEnd || (suspected && exactArrivals < MIN_EXACT_ARRIVALS);
    if (waits && nanos < windowLimit) {
      return 0;
    }
    windowOpen = false;
    if (suspected) {
      return takeSuspected();
    }
    arrivals.interrupt();
    return Math.round(minLateness * format.sampleRateHz());
  }

  private void openWindow(long nanos, long length) {
    windowOpen = true;
    windowEnd = nanos + length;
    windowLimit = windowEnd + MAX_WAIT_NANOS;
    minLateness = Double.MAX_VALUE;
    exactArrivals = 0;
  }

  private long takeSuspected() {
    suspected = false;
    unreported += minLateness;
    long samples =
        unreported > SUSPECTED_LOSS_SECONDS ? Math.round(unreported * format.sampleRateHz()) : 0;
    unreported -= seconds(samples);
    arrivals.shift(minLateness - seconds(samples));
    arrivals.interrupt();
    return samples;
  }

  private long takeSlipped() {
    long samples = Math.round(slipped * format.sampleRateHz());
    arrivals.shift(-seconds(samples));
    slipped = 0;
    return samples;
  }

  /**
   * Opens a new window, after which a small lateness counts as a loss: the line was full, so that
   * it probably lost samples.
   *
   * @param windowNanos the length of the window
   */
  void suspectLoss(long nanos, long windowNanos) {
    // A reader that finds the line full again and again must decide some time.
    long limit = suspected ? windowLimit : Long.MAX_VALUE;
    suspected = true;
    openWindow(nanos, windowNanos);
    windowLimit = Math.max(windowEnd, Math.min(windowLimit, limit));
  }

  /** Opens a new window of the usual length, as {@link #suspectLoss(long, long)}. */
  void suspectLoss(long nanos) {
    suspectLoss(nanos, WINDOW_NANOS);
  }

  /** Returns whether the last observation found samples late, so that they may be lost. */
  boolean isLossPossible() {
    return windowOpen;
  }

  /** Returns whether a suspected loss is neither confirmed nor refuted yet. */
  boolean isLossSuspected() {
    return suspected;
  }

  /**
   * Records that samples arrived at this moment. Call it only while no loss is suspected. The clock
   * must have been observed before.
   *
   * @param samples samples that have arrived in this epoch, including lost samples
   */
  void recordArrival(long nanos, long samples) {
    double x = seconds(samples);
    double y = lag(nanos, x);
    double lateness = y - arrivals.at(x);
    if (lateness > lossThresholdSeconds) {
      return; // a backlog or a loss: observe() distinguishes them
    }
    if (lateness < -MAX_EARLY_SECONDS) {
      arrivals.restart(x, y);
      slipped = Math.max(0, slipped + lateness);
    }
    slipped = Math.max(0, slipped + arrivals.add(x, y));
  }

  /**
   * Skips samples that were not captured while the steady clock was stopped.
   *
   * @param position number of samples of this epoch before the suspend
   * @param samples number of samples that are skipped
   */
  void skipSuspended(long position, long samples) {
    double lag = arrivals.at(seconds(position));
    originNanos -= format.nanosOf(samples);
    arrivals.restart(seconds(position + samples), lag);
  }

  private double seconds(long samples) {
    return (double) samples / format.sampleRateHz();
  }

  private double lag(long nanos, double x) {
    return (nanos - originNanos) / 1e9 - x;
  }

  /** Returns by how many seconds samples are late that arrived by now. */
  double lateness(long nanos, long samples) {
    double x = seconds(samples);
    return lag(nanos, x) - arrivals.at(x);
  }

  /**
   * Returns the steady time in nanoseconds at which a sample was captured.
   *
   * @param sample index in the epoch, including lost samples; the clock must have been observed
   *     before
   */
  long nanosOf(long sample) {
    return originNanos + format.nanosOf(sample) + Math.round(arrivals.at(seconds(sample)) * 1e9);
  }

  /** Returns whether {@link #driftPpm} is precise to 5 ppm. This takes a minute or two. */
  boolean isConverged() {
    return arrivals.isConverged();
  }

  /**
   * Returns how much faster the device's clock runs than the clock of this machine, in parts per
   * million; 0 until there are enough arrivals.
   */
  double driftPpm() {
    double slope = arrivals.slope();
    return -slope / (1 + slope) * 1e6;
  }
}
