package dev.lavalier.client;

/**
 * A format of interleaved little-endian PCM.
 *
 * @param encoding how each number is written
 * @param sampleRateHz samples per second and channel
 * @param channelCount numbers in a sample
 */
public record PcmFormat(SampleEncoding encoding, int sampleRateHz, int channelCount) {

  /** Returns the bytes of one sample of all channels. */
  public int bytesPerSample() {
    return encoding.bytesPerNumber() * channelCount;
  }

  /** Returns {@code RATE/CHANNELS/ENCODING}, as in {@code 48000/2/s16le}. */
  @Override
  public String toString() {
    return sampleRateHz + "/" + channelCount + "/" + encoding;
  }
}
