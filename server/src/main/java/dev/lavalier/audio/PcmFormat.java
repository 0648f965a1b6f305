package dev.lavalier.audio;

import dev.lavalier.common.LogText;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * A format of interleaved little-endian PCM audio. Immutable.
 *
 * @param encoding the encoding of each number
 * @param sampleRateHz samples per second and channel, 1000..384000
 * @param channelCount number of channels, 1..64
 */
public record PcmFormat(SampleEncoding encoding, int sampleRateHz, int channelCount) {

  /** The lowest supported sample rate, in Hz. */
  public static final int MIN_RATE_HZ = 1_000;

  /** The highest supported sample rate, in Hz. */
  public static final int MAX_RATE_HZ = 384_000;

  /** The highest supported number of channels. */
  public static final int MAX_CHANNELS = 64;

  private static final long NANOS_PER_SECOND = 1_000_000_000L;

  /**
   * Checks the ranges.
   *
   * @throws IllegalArgumentException if a number is out of its range
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
   * Parses {@code RATE/CHANNELS/ENCODING}, for example {@code 48000/2/s16le}.
   *
   * @throws IllegalArgumentException if the text does not have this form, or a number is out of
   *     range
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

  private static IllegalArgumentException malformed(String text, @Nullable Throwable cause) {
    return new IllegalArgumentException(
        "format: %s (expected: RATE/CHANNELS/ENCODING, as 48000/2/s16le; encodings s16le, s24le,"
                .formatted(LogText.sanitizeAndTruncate(text))
            + " s32le, f32le)",
        cause);
  }

  /** Returns the number of bytes of one sample of all channels. */
  public int bytesPerSampleFrame() {
    return encoding.bytesPerSample() * channelCount;
  }

  /** Returns the duration of {@code samples} in nanoseconds, rounded towards zero. */
  public long nanosOf(long samples) {
    // Two parts, because samples * 10^9 overflows after 53 hours at 48 kHz.
    return samples / sampleRateHz * NANOS_PER_SECOND
        + samples % sampleRateHz * NANOS_PER_SECOND / sampleRateHz;
  }

  /** Returns the number of whole samples in {@code nanos}, rounded towards zero. */
  public long samplesIn(long nanos) {
    return nanos / NANOS_PER_SECOND * sampleRateHz
        + nanos % NANOS_PER_SECOND * sampleRateHz / NANOS_PER_SECOND;
  }

  /** Returns {@code RATE/CHANNELS/ENCODING}, which {@link #parse} accepts. */
  @Override
  public String toString() {
    return sampleRateHz + "/" + channelCount + "/" + encoding;
  }
}
