package dev.lavalier.client;

/**
 * The level of one channel in one interval. Levels are shares of full scale: 1.0 is full scale,
 * silence is 0.0.
 *
 * @param peak the highest absolute value; only float samples can exceed 1.0
 * @param rms the root of the mean of the squares; a sine has 0.7071 of its peak
 * @param clippedCount how many values are at full scale, so that the input was probably clipped
 */
public record ChannelLevel(double peak, double rms, long clippedCount) {

  /** Returns the peak in dBFS: 20 log10({@link #peak}); silence is -infinity. */
  public double peakDbfs() {
    return 20 * Math.log10(peak);
  }

  /**
   * Returns the RMS in dBFS as AES17 defines it: a sine at full scale is 0; silence is -infinity.
   */
  public double rmsDbfs() {
    return 20 * Math.log10(Math.sqrt(2) * rms);
  }
}
