package dev.lavalier.container;

/**
 * A format of interleaved little-endian samples. Immutable.
 *
 * @param sampleRateHz samples per second, per channel
 * @param channelCount the number of channels
 * @param bytesPerSample 2, 3 or 4
 * @param isFloat whether the samples are IEEE 754 numbers; otherwise, they are signed integers
 */
public record SampleFormat(
    int sampleRateHz, int channelCount, int bytesPerSample, boolean isFloat) {

  /** Returns the size of one sample of all channels, in bytes. */
  public int bytesPerSampleFrame() {
    return channelCount * bytesPerSample;
  }
}
