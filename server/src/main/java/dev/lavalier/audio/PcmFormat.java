package dev.lavalier.audio;

import dev.lavalier.common.LogText;
import java.util.Locale;

/**
 * A format of interleaved little-endian PCM. Immutable.
 *
 * @param encoding how each number is written
 * @param sampleRateHz samples per second and channel, 1000..384000
 * @param channelCount numbers in a sample, 1..64
 */
public record PcmFormat(SampleEncoding encoding, int sampleRateHz, int channelCount) {

  /** The lowest sample rate that is taken, in Hz. */
  public static final int MIN_RATE_HZ = 1_000;

  /** The highest sample rate that is taken, in Hz. */
  public static final int MAX_RATE_HZ = 384_000;

  /** The most channels that are taken. */
  public static final int MAX_CHANNELS = 64;

  private static final long NANOS_PER_SECOND = 1_000_000_000L;

  /**
   * Checks the ranges.
   *
   * @throws IllegalArgumentException where a number is out of its range
   */
  public PcmFormat {
    if (sampleRateHz < MIN_RATE_HZ || sampleRateHz > MAX_RATE_HZ) {
      throw new IllegalArgumentException(
          "sample_rate_hz: %d (expected: %d..%d)"
              .formatted(sampleRateHz, MIN_RATE_HZ, MAX_RATE_HZ));
    }
    if (channelCount < 1 || channelCount > MAX_CHANNELS) {
      throw new IllegalArgumentException(
          "channel_count: %d (expected: 1..%d)".formatted(channelCount, MAX_CHANNELS));
    }
  }

  /**
   * Reads {@code RATE/CHANNELS/ENCODING}, as in {@code 48000/2/s16le}.
   *
   * @throws IllegalArgumentException where the text is not of that form, or out of range
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
    } catch (NumberFormatException e) {
      throw malformed(text, e);
    } catch (IllegalArgumentException e) {
      if (e.getMessage().contains("expected:")) {
        throw e;
      }
      throw malformed(text, e);
    }
    throw malformed(text, null);
  }

  private static IllegalArgumentException malformed(String text, Throwable cause) {
    return new IllegalArgumentException(
        "format: %s (expected: RATE/CHANNELS/ENCODING, as 48000/2/s16le; encodings s16le, s24le,"
                .formatted(LogText.sanitizeAndTruncate(text))
            + " s32le, f32le)",
        cause);
  }

  /** Returns the bytes of one sample of all channels. */
  public int bytesPerSampleFrame() {
    return encoding.bytesPerSample() * channelCount;
  }

  /** Returns how long {@code samples} last, in nanoseconds, rounded towards zero. */
  public long nanosOf(long samples) {
    // In two parts: samples * 10^9 would overflow after 53 hours at 48 kHz.
    return samples / sampleRateHz * NANOS_PER_SECOND
        + samples % sampleRateHz * NANOS_PER_SECOND / sampleRateHz;
  }

  /** Returns how many whole samples fit into {@code nanos}, 0 or more. */
  public long samplesIn(long nanos) {
    return nanos / NANOS_PER_SECOND * sampleRateHz
        + nanos % NANOS_PER_SECOND * sampleRateHz / NANOS_PER_SECOND;
  }

  /** Returns {@code RATE/CHANNELS/ENCODING}, which {@link #parse} reads. */
  @Override
  public String toString() {
    return sampleRateHz + "/" + channelCount + "/" + encoding;
  }
}
