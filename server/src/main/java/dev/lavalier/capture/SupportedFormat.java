package dev.lavalier.capture;

import dev.lavalier.audio.PcmFormat;
import dev.lavalier.audio.SampleEncoding;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * A capture format that the sound system lists for a device. It is only a hint: drivers list
 * formats that they then refuse.
 *
 * @param encoding the encoding of each number
 * @param sampleRateHz samples per second and channel; 0: any
 * @param channelCount number of channels; 0: any
 */
public record SupportedFormat(SampleEncoding encoding, int sampleRateHz, int channelCount) {

  /**
   * Returns the supported format that is closest to {@code preferred}: the rate with the smallest
   * ratio to the preferred one, the higher of two that are equally close; then the closest number
   * of channels; then the same encoding. Returns empty if {@code supported} is empty.
   */
  public static Optional<PcmFormat> closest(PcmFormat preferred, List<SupportedFormat> supported) {
    return supported.stream()
        .map(candidate -> candidate.withDefaultsFrom(preferred))
        .min(
            Comparator.<PcmFormat>comparingDouble(f -> rateDistance(f, preferred))
                .thenComparing(f -> -f.sampleRateHz())
                .thenComparing(f -> Math.abs(f.channelCount() - preferred.channelCount()))
                .thenComparing(f -> f.encoding() == preferred.encoding() ? 0 : 1));
  }

  private static double rateDistance(PcmFormat format, PcmFormat preferred) {
    return Math.abs(Math.log((double) format.sampleRateHz() / preferred.sampleRateHz()));
  }

  private PcmFormat withDefaultsFrom(PcmFormat preferred) {
    return new PcmFormat(
        encoding,
        sampleRateHz == 0 ? preferred.sampleRateHz() : sampleRateHz,
        channelCount == 0 ? preferred.channelCount() : channelCount);
  }
}
