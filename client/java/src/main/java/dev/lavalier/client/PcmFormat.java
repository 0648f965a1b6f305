package dev.lavalier.client;

import java.util.Locale;

/**
 * A format of interleaved little-endian PCM.
 *
 * @param encoding how each number is written
 * @param sampleRateHz samples per second and channel
 * @param channelCount numbers in a sample
 */
public record PcmFormat(SampleEncoding encoding, int sampleRateHz, int channelCount) {

  /**
   * Reads {@code RATE/CHANNELS/ENCODING}, as in {@code 48000/2/s16le}. Whether it can be had, the
   * server says.
   *
   * @throws IllegalArgumentException where the text is not of that form
   */
  public static PcmFormat parse(String text) {
    String[] parts = text.split("/", -1);
    try {
      if (parts.length == 3) {
        return new PcmFormat(
            SampleEncoding.valueOf(parts[2].toUpperCase(Locale.ROOT)),
            Integer.parseInt(parts[0]),
            Integer.parseInt(parts[1]));
      }
    } catch (IllegalArgumentException e) {
      throw malformed(text, e);
    }
    throw malformed(text, null);
  }

  private static IllegalArgumentException malformed(String text, Throwable cause) {
    return new IllegalArgumentException(
        "format: %s (expected: RATE/CHANNELS/ENCODING, as 48000/2/s16le; encodings s16le, s24le,"
                .formatted(text)
            + " s32le, f32le)",
        cause);
  }

  /** Returns the bytes of one sample of all channels. */
  public int bytesPerSampleFrame() {
    return encoding.bytesPerSample() * channelCount;
  }

  /** Returns {@code RATE/CHANNELS/ENCODING}, as in {@code 48000/2/s16le}. */
  @Override
  public String toString() {
    return sampleRateHz + "/" + channelCount + "/" + encoding;
  }
}
