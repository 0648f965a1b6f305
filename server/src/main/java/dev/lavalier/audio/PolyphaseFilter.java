package dev.lavalier.audio;

/**
 * The low-pass filter between two sample rates whose ratio is {@code up / down} in lowest terms:
 * one row of taps for each of the {@code up} positions that an output sample can have between two
 * input samples. Immutable; shared by all streams with this ratio.
 *
 * <p>It is a sinc with a Kaiser window (Oppenheim and Schafer, Discrete-Time Signal Processing,
 * 7.6). If LOW is the lower of the two rates, the pass band ends at 0.45 LOW and the stop band
 * starts at 0.5 LOW, so there is no aliasing, not even into the transition band. By the design
 * formula, the stop band attenuation is 99.8 dB. The taps are symmetric about the instant of the
 * output sample, so there is no delay to compensate; instead, the filter needs {@link #halfLength}
 * input samples after that instant.
 */
final class PolyphaseFilter {

  /** Half the width of the sinc, in samples of the lower rate. */
  private static final int HALF_WIDTH = 64;

  /** The middle of the transition band, as a fraction of the lower rate. */
  private static final double CUTOFF = 0.475;

  /** Kaiser's beta for 99.8 dB: 0.1102 (99.8 - 8.7). */
  private static final double BETA = 10.04;

  private static final double BESSEL_OF_BETA = bessel(BETA);

  /** The maximum number of taps of a filter: 8 MiB. */
  private static final long MAX_TAPS = 1 << 20;

  private final int up;
  private final int down;
  private final int halfLength;
  private final double[] taps; // rows of 2 * halfLength taps

  /**
   * Designs the filter, which takes some milliseconds.
   *
   * @param up number of output samples for {@code down} input samples
   * @param down number of input samples; has no common divisor with {@code up}
   */
  PolyphaseFilter(int up, int down) {
    this.up = up;
    this.down = down;
    this.halfLength = halfLength(up, down);
    this.taps = new double[up * 2 * halfLength];
    for (int phase = 0; phase < up; phase++) {
      design(phase);
    }
  }

  /** Returns whether the taps for a ratio fit into the maximum size. */
  static boolean isFeasible(int up, int down) {
    return 2L * halfLength(up, down) * up <= MAX_TAPS;
  }

  /** Returns how many input samples the filter needs on each side; a multiple of 4. */
  static int halfLength(int up, int down) {
    int exact = (int) Math.ceil(HALF_WIDTH * Math.max(1.0, (double) down / up));
    return (exact + 3) / 4 * 4;
  }

  private void design(int phase) {
    double cutoff = CUTOFF * Math.min(1.0, (double) up / down); // as a fraction of the input rate
    int row = phase * 2 * halfLength;
    double sum = 0;
    for (int k = 0; k < 2 * halfLength; k++) {
      double t =
          k
              - (halfLength - 1)
              - (double) phase / up; // from the output sample's instant, in input samples
      double x = 2 * cutoff * t;
      double sinc = x == 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
      double tap = Math.abs(t) >= halfLength ? 0 : sinc * kaiser(t / halfLength);
      taps[row + k] = tap;
      sum += tap;
    }
    for (int k = 0; k < 2 * halfLength; k++) {
      taps[row + k] /= sum; // each phase has a gain of 1 for a constant
    }
  }

  private static double kaiser(double x) {
    return bessel(BETA * Math.sqrt(1 - x * x)) / BESSEL_OF_BETA;
  }

  /** Returns the modified Bessel function of order 0, from its power series. */
  private static double bessel(double x) {
    double sum = 1;
    double term = 1;
    for (int k = 1; term > sum * 1e-17; k++) {
      term *= x / (2 * k) * (x / (2 * k));
      sum += term;
    }
    return sum;
  }

  /** Returns the memory of the taps in bytes. */
  long bytes() {
    return 8L * taps.length;
  }

  int up() {
    return up;
  }

  int down() {
    return down;
  }

  /** Returns how many input samples after the instant of an output sample the filter needs. */
  int halfLength() {
    return halfLength;
  }

  /**
   * Returns one output sample.
   *
   * @param phase position of the output sample after an input sample, in units of 1/up: 0 to up - 1
   * @param x input samples
   * @param from index in {@code x} of the first of the {@code 2 * halfLength} samples that are
   *     needed: halfLength - 1 before the input sample that the output sample follows
   */
  double apply(int phase, double[] x, int from) {
    double[] h = taps;
    int width = 2 * halfLength;
    int row = phase * width;
    // Eight independent sums, because the JIT must not reorder the additions of one sum.
    double a0 = 0;
    double a1 = 0;
    double a2 = 0;
    double a3 = 0;
    double a4 = 0;
    double a5 = 0;
    double a6 = 0;
    double a7 = 0;
    for (int k = 0; k < width; k += 8) {
      int i = row + k;
      int j = from + k;
      a0 += h[i] * x[j];
      a1 += h[i + 1] * x[j + 1];
      a2 += h[i + 2] * x[j + 2];
      a3 += h[i + 3] * x[j + 3];
      a4 += h[i + 4] * x[j + 4];
      a5 += h[i + 5] * x[j + 5];
      a6 += h[i + 6] * x[j + 6];
      a7 += h[i + 7] * x[j + 7];
    }
    return ((a0 + a1) + (a2 + a3)) + ((a4 + a5) + (a6 + a7));
  }
}
