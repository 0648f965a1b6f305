package dev.lavalier.capture;

import dev.lavalier.audio.PcmFormat;

/**
 * When each sample of an epoch was captured, by the host's steady clock; and how many samples a
 * device has lost, which no sound system tells.
 *
 * <p>A look at a line says: at this moment, so many samples had come. A line that delivers in lumps
 * shows its samples late, never early. So of all looks within a {@link #WINDOW_NANOS window} the
 * one with the smallest lag counts, and the clock is a straight line through those: least squares,
 * in which a look a few minutes old weighs less than a new one, because crystals drift with
 * temperature.
 *
 * <p>Where even the smallest lag of a window is longer than what the line's buffer could hold, the
 * samples are not late but lost: {@link #look} says how many, and the caller moves its count on.
 *
 * <p>One thread.
 */
final class DeviceClock {

  /** Each window gives one point. Also how long samples must be missing to be given up. */
  static final long WINDOW_NANOS = 250_000_000L;

  /** After so many windows, one weighs 1/e: five minutes. */
  private static final double MEMORY_WINDOWS = 1_200;

  /** A slope is believed from here on, and not beyond what any crystal does. */
  private static final int WINDOWS_FOR_SLOPE = 40;

  private static final double MAX_SLOPE = 0.02;

  private final PcmFormat format;
  private final long lostNanos;
  private long originNanos = Long.MIN_VALUE; // the first look; no lag before it

  // The window: its smallest lag, and where that was, in seconds of audio.
  private boolean windowOpen;
  private long windowEnd;
  private double smallestLag; // seconds
  private double smallestAt;

  // Sums of the weighted points (x: seconds of audio, y: seconds of lag).
  private double sum;
  private double sumX;
  private double sumY;
  private double sumXx;
  private double sumXy;
  private int windows;

  // lag = offset + slope * (seconds of audio - pivot)
  private double offset;
  private double slope;
  private double pivot;

  /**
   * Makes a clock that has seen nothing.
   *
   * @param lostNanos how long samples may be late without being lost
   */
  DeviceClock(PcmFormat format, long lostNanos) {
    this.format = format;
    this.lostNanos = lostNanos;
  }

  /**
   * Notes a look at the line. Only where nothing waits in it but what came just now.
   *
   * @param nanos when
   * @param samples how many samples had come by then, since the epoch began
   * @return how many samples are missing beyond doubt; 0 nearly always
   */
  long look(long nanos, long samples) {
    if (originNanos == Long.MIN_VALUE) {
      originNanos = nanos - format.nanosOf(samples);
    }
    double x = (double) samples / format.sampleRateHz();
    double lag = (nanos - originNanos) / 1e9 - x;
    if (windows == 0 && (!windowOpen || lag < offset)) {
      offset = lag; // until there is a point
      pivot = x;
    }
    if (!windowOpen) {
      windowOpen = true;
      windowEnd = nanos + WINDOW_NANOS;
      smallestLag = lag;
      smallestAt = x;
    } else if (lag < smallestLag) {
      smallestLag = lag;
      smallestAt = x;
    }
    return nanos < windowEnd ? 0 : endWindow();
  }

  private long endWindow() {
    windowOpen = false;
    double late = smallestLag - lagAt(smallestAt);
    if (windows > 0 && late * 1e9 > lostNanos) {
      return Math.round(late * format.sampleRateHz());
    }
    if (windows > 0 && -late * 1e9 > lostNanos) {
      forget(); // it was the older points that were late: a backlog has come in the meantime
    }
    add(smallestAt, smallestLag);
    return 0;
  }

  /** Forgets the window begun: a pause in the reading says nothing about the device. */
  void pause() {
    windowOpen = false;
  }

  private void forget() {
    sum = 0;
    sumX = 0;
    sumY = 0;
    sumXx = 0;
    sumXy = 0;
    windows = 0;
  }

  private void add(double x, double y) {
    double keep = 1 - 1 / MEMORY_WINDOWS;
    sum = sum * keep + 1;
    sumX = sumX * keep + x;
    sumY = sumY * keep + y;
    sumXx = sumXx * keep + x * x;
    sumXy = sumXy * keep + x * y;
    windows++;
    pivot = sumX / sum;
    offset = sumY / sum;
    double spread = sumXx - sumX * pivot;
    double fitted = spread > 0 ? (sumXy - sumX * offset) / spread : 0;
    slope = windows < WINDOWS_FOR_SLOPE ? 0 : Math.max(-MAX_SLOPE, Math.min(MAX_SLOPE, fitted));
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
    double x = (double) sample / format.sampleRateHz();
    return originNanos + format.nanosOf(sample) + Math.round(lagAt(x) * 1e9);
  }

  /**
   * Returns how much faster the device's clock runs than the host's, in parts per million; 0 until
   * that can be told.
   */
  double ppm() {
    return -slope / (1 + slope) * 1e6;
  }
}
