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
   * of channels, the higher of two; then the same encoding, else the shortest one that is as
   * precise, else the most precise one. The order of {@code supported} does not matter. Returns
   * empty if {@code supported} is empty.
   */
  public static Optional<PcmFormat> closest(PcmFormat preferred, List<SupportedFormat> supported) {
    return supported.stream()
        .map(candidate -> candidate.withDefaultsFrom(preferred))
        .min(
            Comparator.<PcmFormat>comparingDouble(f -> rateRatio(f, preferred))
                .thenComparing(f -> -f.sampleRateHz())
                .thenComparing(f -> Math.abs(f.channelCount() - preferred.channelCount()))
                .thenComparing(f -> -f.channelCount())
                .thenComparing(PcmFormat::encoding, closestEncoding(preferred.encoding())));
  }

  /** The quotient of two rates, 1 or more. Equal quotients of integers are equal doubles. */
  private static double rateRatio(PcmFormat format, PcmFormat preferred) {
    double higher = Math.max(format.sampleRateHz(), preferred.sampleRateHz());
    return higher / Math.min(format.sampleRateHz(), preferred.sampleRateHz());
  }

  private static Comparator<SampleEncoding> closestEncoding(SampleEncoding preferred) {
    int bits = precisionBits(preferred);
    return Comparator.<SampleEncoding, Boolean>comparing(e -> e != preferred)
        .thenComparing(e -> precisionBits(e) < bits)
        .thenComparing(e -> Math.abs(precisionBits(e) - bits))
        .thenComparing(Comparator.naturalOrder());
  }

  private static int precisionBits(SampleEncoding encoding) {
    return switch (encoding) {
      case S16LE -> 16;
      case S24LE, F32LE -> 24;
      case S32LE -> 32;
    };
  }

  private PcmFormat withDefaultsFrom(PcmFormat preferred) {
    return new PcmFormat(
        encoding,
        sampleRateHz == 0 ? preferred.sampleRateHz() : sampleRateHz,
        channelCount == 0 ? preferred.channelCount() : channelCount);
  }
}
