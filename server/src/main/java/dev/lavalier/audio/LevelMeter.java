package dev.lavalier.audio;

import java.util.Arrays;

/**
 * Measures the level of each channel of PCM audio since the last {@link #reset}. Levels are shares
 * of full scale: 1.0 is full scale in each encoding, 0.0 is silence. A float can exceed 1.0. An
 * infinite float, and one that is not a number, counts as clipped, and as 0 otherwise.
 *
 * <p>For use by one thread. {@link #add} creates no objects.
 */
public final class LevelMeter {

  /** The estimated processor time for one value, in nanoseconds. See docs/benchmarks-audio.md. */
  private static final int NANOS_PER_VALUE = 3;

  /** The samples that are decoded at once: they stay in the processor's cache. */
  private static final int BLOCK = 512;

  private final PcmFormat format;
  private final double fullScale;
  private final double[] block = new double[BLOCK];
  private final double[] peaks;
  private final double[] squares; // the sums of the squares
  private final long[] clipped;
  private long samples;

  /** Creates a meter for audio of a format. */
  public LevelMeter(PcmFormat format) {
    this.format = format;
    this.fullScale = fullScale(format.encoding());
    this.peaks = new double[format.channelCount()];
    this.squares = new double[format.channelCount()];
    this.clipped = new long[format.channelCount()];
  }

  /** Returns the lowest absolute value that counts as clipped. */
  private static double fullScale(SampleEncoding encoding) {
    return switch (encoding) {
      case S16LE -> 1 - 0x1p-15;
      // Devices with converters of 24 bits leave the low byte of S32LE zero.
      case S24LE, S32LE -> 1 - 0x1p-23;
      case F32LE -> 1;
    };
  }

  /** Returns the estimated processor time in nanoseconds for one second of audio. */
  public static long nanosPerSecond(PcmFormat format) {
    return (long) NANOS_PER_VALUE * format.sampleRateHz() * format.channelCount();
  }

  /** Returns about how many bytes a meter takes. */
  public static long memoryBytes(PcmFormat format) {
    return Double.BYTES * (BLOCK + 3L * format.channelCount()) + 128;
  }

  /**
   * Adds samples of all channels.
   *
   * @param pcm interleaved samples in the format of the meter
   * @param first the first sample to add, per channel from the beginning of the array
   * @param count how many samples per channel to add
   */
  public void add(byte[] pcm, int first, int count) {
    for (int channel = 0; channel < peaks.length; channel++) {
      for (int done = 0; done < count; done += BLOCK) {
        int length = Math.min(BLOCK, count - done);
        SampleCodec.decode(format, pcm, first + done, channel, length, block);
        addBlock(channel, length);
      }
    }
    samples += count;
  }

  private void addBlock(int channel, int length) {
    double peak = peaks[channel];
    double sum = 0;
    int over = 0;
    for (int i = 0; i < length; i++) {
      double value = Math.abs(block[i]);
      if (!(value < fullScale)) { // also true if it is not a number
        over++;
        if (!Double.isFinite(value)) {
          continue;
        }
      }
      sum += value * value;
      if (value > peak) {
        peak = value;
      }
    }
    peaks[channel] = peak;
    squares[channel] += sum;
    clipped[channel] += over;
  }

  /** Returns the number of channels. */
  public int channelCount() {
    return peaks.length;
  }

  /** Returns how many samples per channel were added. */
  public long samples() {
    return samples;
  }

  /** Returns the highest absolute value of a channel, counted from 0; 0 without samples. */
  public double peak(int channel) {
    return peaks[channel];
  }

  /**
   * Returns the root of the mean of the squares of a channel, counted from 0; 0 without samples. A
   * sine has 0.7071 of its peak.
   */
  public double rms(int channel) {
    return samples == 0 ? 0 : Math.sqrt(squares[channel] / samples);
  }

  /**
   * Returns how many values of a channel, counted from 0, were clipped: their absolute value is at
   * least the largest value of the encoding. Of S32LE, only the upper 24 bits are compared.
   */
  public long clipped(int channel) {
    return clipped[channel];
  }

  /** Discards all samples added so far. */
  public void reset() {
    Arrays.fill(peaks, 0);
    Arrays.fill(squares, 0);
    Arrays.fill(clipped, 0);
    samples = 0;
  }
}
