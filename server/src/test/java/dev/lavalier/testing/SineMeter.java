package dev.lavalier.testing;

/**
 * Measures a recorded sine: its frequency, its peak and its phase steps.
 *
 * <p>The meter mixes blocks of 10 ms down with the expected frequency. The slope of their phases is
 * the deviation from that frequency, and a lost or repeated sample is a step in phase. (This is a
 * quadrature demodulator, as described in textbooks on digital receivers.)
 */
public final class SineMeter {

  private final double expectedHz;
  private final double rate;
  private final int block;

  /**
   * The measured values.
   *
   * @param frequencyHz frequency over the whole recording
   * @param minPeak smallest peak of all blocks, as a share of full scale
   * @param maxPeak largest peak of all blocks, as a share of full scale
   * @param maxPhaseStep largest difference, in radians, between the phase of a block and the phase
   *     extrapolated from the blocks before it
   */
  public record Reading(double frequencyHz, double minPeak, double maxPeak, double maxPhaseStep) {}

  /** Creates a meter for a sine near {@code expectedHz}, sampled at {@code rate} Hz. */
  public SineMeter(double expectedHz, double rate) {
    this.expectedHz = expectedHz;
    this.rate = rate;
    this.block = (int) (rate / 100);
  }

  /** Measures the samples of one channel (full scale: -1..1; at least 30 ms). */
  public Reading measure(double[] samples) {
    int blocks = samples.length / block;
    double[] phase = new double[blocks];
    double minPeak = Double.MAX_VALUE;
    double maxPeak = 0;
    for (int k = 0; k < blocks; k++) {
      double[] fit = fit(samples, k * block);
      double peak = Math.hypot(fit[0], fit[1]);
      minPeak = Math.min(minPeak, peak);
      maxPeak = Math.max(maxPeak, peak);
      phase[k] = Math.atan2(fit[1], fit[0]);
    }
    double drift = 0;
    for (int k = 1; k < blocks; k++) {
      drift += wrap(phase[k] - phase[k - 1]);
    }
    double mean = drift / (blocks - 1);
    double maxStep = 0;
    for (int k = 1; k < blocks; k++) {
      maxStep = Math.max(maxStep, Math.abs(wrap(phase[k] - phase[k - 1] - mean)));
    }
    double deviationHz = mean / (2 * Math.PI) * rate / block;
    return new Reading(expectedHz + deviationHz, minPeak, maxPeak, maxStep);
  }

  /**
   * Returns the least-squares fit of a cosine and a sine of the expected frequency to one block.
   */
  private double[] fit(double[] samples, int from) {
    double cc = 0;
    double ss = 0;
    double cs = 0;
    double xc = 0;
    double xs = 0;
    for (int n = from; n < from + block; n++) {
      double angle = 2 * Math.PI * expectedHz * n / rate;
      double c = Math.cos(angle);
      double s = -Math.sin(angle);
      cc += c * c;
      ss += s * s;
      cs += c * s;
      xc += samples[n] * c;
      xs += samples[n] * s;
    }
    double det = cc * ss - cs * cs;
    return new double[] {(xc * ss - xs * cs) / det, (xs * cc - xc * cs) / det};
  }

  private static double wrap(double angle) {
    return Math.IEEEremainder(angle, 2 * Math.PI);
  }

  /** Returns one channel of 16-bit little-endian PCM, full scale -1..1. */
  public static double[] channelOfS16(byte[] pcm, int channels, int channel) {
    double[] samples = new double[pcm.length / 2 / channels];
    for (int n = 0; n < samples.length; n++) {
      int at = 2 * (n * channels + channel);
      samples[n] = (short) ((pcm[at] & 0xff) | pcm[at + 1] << 8) / 32768.0;
    }
    return samples;
  }
}
