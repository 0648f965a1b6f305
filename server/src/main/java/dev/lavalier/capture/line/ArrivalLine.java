package dev.lavalier.capture.line;

/**
 * A straight line through the moments at which samples arrived earliest. Each point is the least
 * late of {@link #GROUP} arrivals, because an arrival can be late, but not early. The line is
 * fitted by least squares to the points of about five minutes.
 *
 * <p>If a device loses a few samples, all later arrivals are late by the same time. A line through
 * the points before and after would have a wrong slope. Therefore each fit also looks for the step
 * that explains the points best. If there is one, the points before it are dropped.
 *
 * <p>A loss that the caller knows is an interruption: its length is measured with an error that
 * bends the line. When there are enough points after the last interruption, those before it are
 * dropped. Until then the slope is good enough for times, but is not {@linkplain #isConverged
 * converged}.
 *
 * <p>x is seconds of audio, y is the lag in seconds. Used by one thread.
 */
final class ArrivalLine {

  /** Arrivals come once per second, so the points are those of five minutes. */
  private static final int MAX_POINTS = 75;

  private static final int GROUP = 4;

  /**
   * The line is fitted to at least this number of points. With fewer, it keeps its slope and
   * follows only arrivals that are earlier, because one late arrival would bend a short line.
   */
  private static final int MIN_POINTS_TO_FIT = 3;

  /** A step, or an interruption, drops points only if there are at least this number. */
  private static final int MIN_POINTS_TO_DROP = 8;

  /** Slopes are limited to this. No crystal exceeds it. */
  private static final double MAX_SLOPE = 0.02;

  /**
   * A step is larger than this. Below, it could be the interval of the polls that measure arrivals.
   */
  private static final double MIN_STEP_SECONDS = 0.001;

  /** A step is this many times larger than its standard error. */
  private static final double MIN_STEP_SIGNIFICANCE = 4;

  /** There are at least this many points on each side of a step; one late point is no step. */
  private static final int MIN_POINTS_OF_STEP = 2;

  /** The slope is precise enough after this time, if {@link #MAX_STANDARD_ERROR} permits. */
  private static final double MIN_SECONDS_TO_CONVERGE = 60;

  /**
   * The standard error of a slope that is precise to 5 ppm. A step that is too small to be noticed
   * among the scatter can bend the line by several times the standard error.
   */
  private static final double MAX_STANDARD_ERROR = 1e-6;

  private final double[] xs = new double[MAX_POINTS];
  private final double[] ys = new double[MAX_POINTS];
  private int points;
  private int interrupted; // number of points before the last interruption

  // The least late arrival since the last point.
  private int grouped;
  private double candidateX;
  private double candidateY;

  // y = offset + slope * (x - pivot)
  private double offset;
  private double slope;
  private double pivot;

  private double sumXx; // of the fitted points, relative to their mean
  private double standardError;

  /** Returns the lag at a position. */
  double at(double x) {
    return offset + slope * (x - pivot);
  }

  double slope() {
    return slope;
  }

  /** Returns whether the slope is known to within 5 ppm. */
  boolean isConverged() {
    return interrupted == 0
        && points >= MIN_POINTS_TO_FIT
        && xs[points - 1] - xs[0] >= MIN_SECONDS_TO_CONVERGE
        && standardError < MAX_STANDARD_ERROR;
  }

  /** Drops all points, and moves the line, with its slope, to a position. */
  void restart(double x, double y) {
    points = 0;
    interrupted = 0;
    grouped = 0;
    pivot = x;
    offset = y;
  }

  /** Moves the line to an arrival that is earlier, if the line is not fitted yet. */
  void lower(double x, double y) {
    if (points < MIN_POINTS_TO_FIT && y < at(x)) {
      pivot = x;
      offset = y;
    }
  }

  /** Records that the following arrivals may be later or earlier than the line by a little. */
  void interrupt() {
    interrupted = Math.min(MAX_POINTS, points + Math.min(1, grouped));
  }

  /** Moves the line and its points by a lag. */
  void shift(double by) {
    offset += by;
    candidateY += by;
    for (int i = 0; i < points; i++) {
      ys[i] += by;
    }
  }

  /**
   * Adds an arrival.
   *
   * @return by how much the line moved because of a step; usually 0
   */
  double add(double x, double y) {
    if (grouped == 0 || y - slope * x < candidateY - slope * candidateX) {
      candidateX = x;
      candidateY = y;
    }
    grouped++;
    lower(x, y);
    if (grouped < GROUP) {
      return 0;
    }
    grouped = 0;
    if (points == MAX_POINTS) {
      drop(1);
    }
    xs[points] = candidateX;
    ys[points] = candidateY;
    points++;
    if (interrupted > 0 && points - interrupted >= MIN_POINTS_TO_DROP) {
      drop(interrupted);
    }
    if (points >= MIN_POINTS_TO_FIT) {
      fit();
    }
    return points < MIN_POINTS_TO_DROP ? 0 : dropStep();
  }

  private void drop(int count) {
    points -= count;
    interrupted = Math.max(0, interrupted - count);
    System.arraycopy(xs, count, xs, 0, points);
    System.arraycopy(ys, count, ys, 0, points);
  }

  private void fit() {
    double meanX = 0;
    double meanY = 0;
    for (int i = 0; i < points; i++) {
      meanX += (xs[i] - xs[0]) / points;
      meanY += (ys[i] - ys[0]) / points;
    }
    pivot = xs[0] + meanX;
    offset = ys[0] + meanY;
    sumXx = 0;
    double sumXy = 0;
    for (int i = 0; i < points; i++) {
      double x = xs[i] - pivot;
      sumXx += x * x;
      sumXy += x * (ys[i] - offset);
    }
    if (points >= MIN_POINTS_TO_FIT) {
      slope = Math.max(-MAX_SLOPE, Math.min(MAX_SLOPE, sumXy / sumXx));
    }
    standardError = Math.sqrt(sumOfSquares() / Math.max(1, points - 2) / sumXx);
  }

  private double residual(int i) {
    return ys[i] - at(xs[i]);
  }

  private double sumOfSquares() {
    double sum = 0;
    for (int i = 0; i < points; i++) {
      sum += residual(i) * residual(i);
    }
    return sum;
  }

  /**
   * Looks for the step that explains the points best. If it explains them significantly better than
   * the line, drops the points before it, and fits the line to the others.
   *
   * @return the height of the step, or 0 if there is none
   */
  private double dropStep() {
    int best = 0;
    double bestHeight = 0;
    double bestExplained = 0; // by how much the step reduces the sum of squares
    double sumX = 0;
    double sumResiduals = 0;
    for (int i = points - 1; i > 0; i--) {
      sumX += xs[i] - pivot;
      sumResiduals += residual(i);
      int after = points - i;
      // What remains of the step if the best line through it is subtracted.
      double weight = after - (double) after * after / points - sumX * sumX / sumXx;
      double height = sumResiduals / weight;
      double explained = height * height * weight;
      if (explained > bestExplained) {
        best = i;
        bestHeight = height;
        bestExplained = explained;
      }
    }
    double variance = Math.max(0, sumOfSquares() - bestExplained) / (points - 3);
    boolean isolated = best < MIN_POINTS_OF_STEP || points - best < MIN_POINTS_OF_STEP;
    if (isolated
        || bestExplained <= MIN_STEP_SIGNIFICANCE * MIN_STEP_SIGNIFICANCE * variance
        || Math.abs(bestHeight) <= MIN_STEP_SECONDS) {
      return 0;
    }
    drop(best);
    fit();
    return bestHeight;
  }
}
