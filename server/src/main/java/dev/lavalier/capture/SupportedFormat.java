package dev.lavalier.capture;

import dev.lavalier.audio.PcmFormat;
import dev.lavalier.audio.SampleEncoding;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * A format that the sound system says a device can be captured in. A hint: drivers list formats
 * that they then refuse.
 *
 * @param encoding how each number is written
 * @param sampleRateHz samples per second and channel; 0: any
 * @param channelCount numbers in a sample; 0: any
 */
public record SupportedFormat(SampleEncoding encoding, int sampleRateHz, int channelCount) {

  /** Tells whether {@code format} is one of those that this stands for. */
  boolean matches(PcmFormat format) {
    return encoding == format.encoding()
        && (sampleRateHz == 0 || sampleRateHz == format.sampleRateHz())
        && (channelCount == 0 || channelCount == format.channelCount());
  }

  /**
   * Returns the offered format that is nearest to {@code preferred}: the same rate counts most,
   * then the same channels, then the same encoding. Empty where nothing is offered.
   */
  public static Optional<PcmFormat> closest(PcmFormat preferred, List<SupportedFormat> supported) {
    return supported.stream()
        .map(candidate -> candidate.withDefaultsFrom(preferred))
        .max(
            Comparator.comparingInt(
                f ->
                    (f.sampleRateHz() == preferred.sampleRateHz() ? 4 : 0)
                        + (f.channelCount() == preferred.channelCount() ? 2 : 0)
                        + (f.encoding() == preferred.encoding() ? 1 : 0)));
  }

  private PcmFormat withDefaultsFrom(PcmFormat preferred) {
    return new PcmFormat(
        encoding,
        sampleRateHz == 0 ? preferred.sampleRateHz() : sampleRateHz,
        channelCount == 0 ? preferred.channelCount() : channelCount);
  }
}
