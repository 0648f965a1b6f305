package dev.lavalier.client.it;

import java.util.List;

/** The signal-to-noise ratios of a decoded sound in the Bark bands of the ear. */
final class BandRatios {

  /** The limits of the bands in Hz. */
  private static final List<Integer> BARK_HZ =
      List.of(
          100, 200, 300, 400, 510, 630, 770, 920, 1_080, 1_270, 1_480, 1_720, 2_000, 2_320, 2_700,
          3_150, 3_700, 4_400, 5_300, 6_400, 7_700, 9_500, 12_000, 15_500);

  private static final int WINDOW = 1_024;

  /** Below this power in a window, relative to a full-scale sine, a band has no sound. */
  private static final double SILENCE = 1e-9;

  private BandRatios() {}

  /**
   * Returns the mean of the ratios in dB, over the bands that have sound.
   *
   * @param signal samples from -1 to 1
   * @param decoded the same sound at the same time, with noise
   */
  static double meanDb(double[] signal, double[] decoded, int rate) {
    double[] noise = new double[signal.length];
    for (int k = 0; k < noise.length; k++) {
      noise[k] = decoded[k] - signal[k];
    }
    double[] signalPower = power(signal);
    double[] noisePower = power(noise);
    double sum = 0;
    int bands = 0;
    for (int band = 0; band + 1 < BARK_HZ.size(); band++) {
      int from = BARK_HZ.get(band) * WINDOW / rate + 1;
      int to = BARK_HZ.get(band + 1) * WINDOW / rate + 1;
      double inBand = 0;
      double noiseInBand = 0;
      for (int k = from; k < to; k++) {
        inBand += signalPower[k];
        noiseInBand += noisePower[k];
      }
      if (inBand > SILENCE) {
        sum += 10 * Math.log10(inBand / noiseInBand);
        bands++;
      }
    }
    return sum / bands;
  }

  /** Returns the mean power of each frequency of the windows. */
  private static double[] power(double[] samples) {
    double[] power = new double[WINDOW / 2];
    int windows = samples.length / WINDOW;
    for (int window = 0; window < windows; window++) {
      double[] real = new double[WINDOW];
      double[] imaginary = new double[WINDOW];
      for (int k = 0; k < WINDOW; k++) {
        double hann = 0.5 - 0.5 * Math.cos(2 * Math.PI * k / WINDOW);
        real[k] = hann * samples[window * WINDOW + k] / WINDOW;
      }
      transform(real, imaginary);
      for (int k = 0; k < power.length; k++) {
        power[k] += (real[k] * real[k] + imaginary[k] * imaginary[k]) / windows;
      }
    }
    return power;
  }

  /** Replaces the values by their Fourier transform. Their number is a power of 2. */
  private static void transform(double[] real, double[] imaginary) {
    int count = real.length;
    if (count == 1) {
      return;
    }
    int half = count / 2;
    double[] evenReal = new double[half];
    double[] evenImaginary = new double[half];
    double[] oddReal = new double[half];
    double[] oddImaginary = new double[half];
    for (int k = 0; k < half; k++) {
      evenReal[k] = real[2 * k];
      evenImaginary[k] = imaginary[2 * k];
      oddReal[k] = real[2 * k + 1];
      oddImaginary[k] = imaginary[2 * k + 1];
    }
    transform(evenReal, evenImaginary);
    transform(oddReal, oddImaginary);
    for (int k = 0; k < half; k++) {
      double cos = Math.cos(2 * Math.PI * k / count);
      double sin = -Math.sin(2 * Math.PI * k / count);
      double turnedReal = cos * oddReal[k] - sin * oddImaginary[k];
      double turnedImaginary = cos * oddImaginary[k] + sin * oddReal[k];
      real[k] = evenReal[k] + turnedReal;
      imaginary[k] = evenImaginary[k] + turnedImaginary;
      real[k + half] = evenReal[k] - turnedReal;
      imaginary[k + half] = evenImaginary[k] - turnedImaginary;
    }
  }
}
