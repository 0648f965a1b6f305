package dev.lavalier.client.cli;

import dev.lavalier.client.PcmFormat;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Locale;

/** Measures the level of each channel since the last {@link #reset}. For use by one thread. */
final class Levels {

  private static final double FLOOR_DB = -99.9;

  private final PcmFormat format;
  private final double[] squares;
  private final double[] peaks;
  private final long[] clipped;
  private final double fullScale;
  private long samples;

  Levels(PcmFormat format) {
    this.format = format;
    this.squares = new double[format.channelCount()];
    this.peaks = new double[format.channelCount()];
    this.clipped = new long[format.channelCount()];
    this.fullScale =
        switch (format.encoding()) {
          case S16LE -> 32_767 / 32_768.0;
          case S24LE -> 8_388_607 / 8_388_608.0;
          case S32LE -> 2_147_483_647 / 2_147_483_648.0;
          case F32LE -> 1;
        };
  }

  /** Adds samples. {@code pcm} is little-endian; its position moves to its limit. */
  void add(ByteBuffer pcm) {
    while (pcm.hasRemaining()) {
      for (int channel = 0; channel < squares.length; channel++) {
        double value = next(pcm);
        squares[channel] += value * value;
        peaks[channel] = Math.max(peaks[channel], Math.abs(value));
        if (!(Math.abs(value) < fullScale)) { // also true if it is not a number
          clipped[channel]++;
        }
      }
      samples++;
    }
  }

  private double next(ByteBuffer pcm) {
    return switch (format.encoding()) {
      case S16LE -> pcm.getShort() / 32_768.0;
      case S24LE -> ((pcm.get() & 0xff) | (pcm.get() & 0xff) << 8 | pcm.get() << 16) / 8_388_608.0;
      case S32LE -> pcm.getInt() / 2_147_483_648.0;
      case F32LE -> pcm.getFloat();
    };
  }

  /** Returns the number of channels. */
  int channels() {
    return squares.length;
  }

  /** Returns a channel's level in dBFS; a full-scale sine is 0 (AES17), silence is -infinity. */
  double rms(int channel) {
    return samples == 0
        ? Double.NEGATIVE_INFINITY
        : 10 * Math.log10(2 * squares[channel] / samples);
  }

  /** Returns a channel's highest sample in dBFS; silence is -infinity. */
  double peak(int channel) {
    return 20 * Math.log10(peaks[channel]);
  }

  /** Returns the highest sample of all channels in dBFS; silence is -infinity. */
  double peak() {
    double highest = Double.NEGATIVE_INFINITY;
    for (int channel = 0; channel < peaks.length; channel++) {
      highest = Math.max(highest, peak(channel));
    }
    return highest;
  }

  /** Returns how many samples of a channel are at full scale or beyond, or are not a number. */
  long clipped(int channel) {
    return clipped[channel];
  }

  /**
   * Returns a level in dBFS in six characters. Silence is -99.9; the level of float samples that
   * are infinite or not a number is {@code inf} or {@code NaN}.
   */
  static String text(double db) {
    if (Double.isNaN(db)) {
      return "   NaN";
    }
    return db == Double.POSITIVE_INFINITY
        ? "   inf"
        : String.format(Locale.ROOT, "%6.1f", Math.max(FLOOR_DB, db));
  }

  /** Discards all samples added so far. */
  void reset() {
    Arrays.fill(squares, 0);
    Arrays.fill(peaks, 0);
    Arrays.fill(clipped, 0);
    samples = 0;
  }
}
