package dev.lavalier.testing;

import java.util.Random;

/**
 * Sounds that lossy codecs are made for, as samples of one channel from -1 to 1. The same arguments
 * return the same samples.
 */
public final class TestSounds {

  /** The first three resonances of the mouth in Hz, for the vowels of "bar", "bee", "boot". */
  private static final double[][] VOWELS = {
    {730, 1_090, 2_440}, {270, 2_290, 3_010}, {300, 870, 2_240}
  };

  private static final double[] BANDWIDTHS = {80, 100, 140};
  private static final double[] STRINGS_HZ = {82.4, 110, 146.8, 196, 246.9, 329.6};
  private static final double SYLLABLE_SECONDS = 0.2;

  private TestSounds() {}

  /**
   * Returns what resembles a voice: syllables of a hiss and a vowel, with a pause after every
   * fourth.
   */
  public static double[] speech(int rate, double seconds) {
    double[] out = new double[(int) (rate * seconds)];
    Random random = new Random(1);
    double[][] states = new double[BANDWIDTHS.length][2];
    double phase = 0;
    double glottis = 0;
    for (int n = 0; n < out.length; n++) {
      double time = (double) n / rate;
      int syllable = (int) (time / SYLLABLE_SECONDS);
      double part = time / SYLLABLE_SECONDS - syllable;
      double source = 0;
      if (syllable % 5 == 4) {
        source = 0; // a pause
      } else if (part < 0.2) {
        source = 0.05 * random.nextGaussian();
      } else {
        phase += (110 + 25 * Math.sin(2 * Math.PI * 0.7 * time)) / rate;
        if (phase >= 1) {
          phase -= 1;
          source = Math.sin(Math.PI * part);
        }
      }
      glottis +=
          2 * Math.PI * 200 / rate * (source * rate / 400 - glottis); // falls by 6 dB per octave
      double value = part < 0.2 ? source : glottis;
      double[] resonances = VOWELS[syllable % VOWELS.length];
      for (int k = 0; k < states.length; k++) {
        value = resonate(states[k], value, resonances[k], BANDWIDTHS[k], rate);
      }
      out[n] = value;
    }
    return scaled(out);
  }

  private static double resonate(double[] state, double value, double hz, double width, int rate) {
    double radius = Math.exp(-Math.PI * width / rate);
    double feedback = 2 * radius * Math.cos(2 * Math.PI * hz / rate);
    double next =
        value * (1 - feedback + radius * radius) + feedback * state[0] - radius * radius * state[1];
    state[1] = state[0];
    state[0] = next;
    return next;
  }

  /** Returns plucked strings (Karplus and Strong): six in turn, one every 0.2 s. */
  public static double[] strings(int rate, double seconds) {
    double[] out = new double[(int) (rate * seconds)];
    Random random = new Random(2);
    for (int pluck = 0; pluck * SYLLABLE_SECONDS < seconds; pluck++) {
      double[] string = new double[(int) (rate / STRINGS_HZ[pluck * 5 % STRINGS_HZ.length])];
      for (int k = 0; k < string.length; k++) {
        string[k] = random.nextDouble() - 0.5;
      }
      int from = (int) (pluck * SYLLABLE_SECONDS * rate);
      for (int n = from; n < Math.min(out.length, from + 2 * rate); n++) {
        int at = (n - from) % string.length;
        out[n] += string[at];
        string[at] = 0.498 * (string[at] + string[(at + 1) % string.length]);
      }
    }
    return scaled(out);
  }

  /** Returns a sine of 440 Hz. */
  public static double[] sine(int rate, double seconds) {
    double[] out = new double[(int) (rate * seconds)];
    for (int n = 0; n < out.length; n++) {
      out[n] = 0.5 * Math.sin(2 * Math.PI * 440 * n / rate);
    }
    return out;
  }

  /** Returns white noise. */
  public static double[] noise(int rate, double seconds) {
    Random random = new Random(3);
    double[] out = new double[(int) (rate * seconds)];
    for (int n = 0; n < out.length; n++) {
      out[n] = random.nextGaussian();
    }
    return scaled(out);
  }

  /** Scales the largest value to half of full scale. */
  private static double[] scaled(double[] samples) {
    double peak = 1e-9;
    for (double each : samples) {
      peak = Math.max(peak, Math.abs(each));
    }
    for (int n = 0; n < samples.length; n++) {
      samples[n] *= 0.5 / peak;
    }
    return samples;
  }

  /** Returns little-endian samples of 16 bits, the same in each channel but for the sign. */
  public static byte[] s16le(double[] samples, int channels) {
    byte[] pcm = new byte[2 * channels * samples.length];
    for (int n = 0; n < samples.length; n++) {
      for (int channel = 0; channel < channels; channel++) {
        int value = (int) Math.round((channel % 2 == 0 ? 32_767 : -32_767) * samples[n]);
        int at = 2 * (n * channels + channel);
        pcm[at] = (byte) value;
        pcm[at + 1] = (byte) (value >> 8);
      }
    }
    return pcm;
  }
}
