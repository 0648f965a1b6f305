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
public record OfferedFormat(SampleEncoding encoding, int sampleRateHz, int channelCount) {

  /** Tells whether {@code format} is one of those that this stands for. */
  boolean covers(PcmFormat format) {
    return encoding == format.encoding()
        && (sampleRateHz == 0 || sampleRateHz == format.sampleRateHz())
        && (channelCount == 0 || channelCount == format.channelCount());
  }

  /**
   * Returns the offered format that is nearest to {@code wanted}: the same rate counts most, then
   * the same channels, then the same encoding. Empty where nothing is offered.
   */
  static Optional<PcmFormat> nearest(PcmFormat wanted, List<OfferedFormat> offered) {
    return offered.stream()
        .map(offer -> offer.filledFrom(wanted))
        .max(
            Comparator.comparingInt(
                f ->
                    (f.sampleRateHz() == wanted.sampleRateHz() ? 4 : 0)
                        + (f.channelCount() == wanted.channelCount() ? 2 : 0)
                        + (f.encoding() == wanted.encoding() ? 1 : 0)));
  }

  private PcmFormat filledFrom(PcmFormat wanted) {
    return new PcmFormat(
        encoding,
        sampleRateHz == 0 ? wanted.sampleRateHz() : sampleRateHz,
        channelCount == 0 ? wanted.channelCount() : channelCount);
  }
}
