package dev.lavalier.client;

import java.util.Locale;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A format of interleaved little-endian PCM.
 *
 * @param encoding the encoding of each sample
 * @param sampleRateHz samples per second, per channel; 0 in a request: as captured
 * @param channelCount the number of channels; 0 in a request: as captured
 */
public record PcmFormat(SampleEncoding encoding, int sampleRateHz, int channelCount) {

  /**
   * Checks the values.
   *
   * @throws IllegalArgumentException if a number is negative
   */
  public PcmFormat {
    Objects.requireNonNull(encoding, "encoding");
    if (sampleRateHz < 0 || channelCount < 0) {
      throw new IllegalArgumentException(
          "format: %s/%s/%s (expected: a rate and a channel count of 0 or more)"
              .formatted(sampleRateHz, channelCount, encoding));
    }
  }

  /**
   * Parses {@code RATE/CHANNELS/ENCODING}, for example {@code 48000/2/s16le}. The server decides
   * whether the format is available.
   *
   * @throws IllegalArgumentException if the text does not have that form
   */
  public static PcmFormat parse(String text) {
    String[] parts = Objects.requireNonNull(text, "text").split("/", -1);
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

  private static IllegalArgumentException malformed(String text, @Nullable Throwable cause) {
    return new IllegalArgumentException(
        "format: %s (expected: RATE/CHANNELS/ENCODING, as 48000/2/s16le; encodings s16le, s24le,"
                .formatted(text)
            + " s32le, f32le)",
        cause);
  }

  /** Returns the size of one sample of all channels, in bytes. */
  public int bytesPerSampleFrame() {
    return encoding.bytesPerSample() * channelCount;
  }

  /** Returns {@code RATE/CHANNELS/ENCODING}, for example {@code 48000/2/s16le}. */
  @Override
  public String toString() {
    return sampleRateHz + "/" + channelCount + "/" + encoding;
  }
}
