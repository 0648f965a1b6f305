package dev.lavalier.audio;

import dev.lavalier.common.StreamException;
import dev.lavalier.common.StreamException.Reason;
import java.util.List;
import java.util.stream.Collectors;

/**
 * What is done between capture and delivery: channels are picked or mixed, the rate is converted,
 * and the numbers are written in another encoding, in that order. Immutable; equal where the same
 * is done.
 *
 * @param captured what goes in
 * @param delivered what comes out
 * @param channels where its channels come from
 */
public record Conversion(PcmFormat captured, PcmFormat delivered, ChannelMap channels) {

  /** The rates that can be delivered, in Hz, whatever is captured. */
  public static final List<Integer> RATES_HZ =
      List.of(8_000, 11_025, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 88_200, 96_000);

  /**
   * Plans a conversion.
   *
   * @param channelMap see {@link ChannelMap}; empty: what {@link ChannelMap#ofCount} makes of the
   *     number of channels
   * @throws StreamException INVALID_REQUEST, FORMAT_NOT_AVAILABLE; the message says what can be had
   */
  public static Conversion plan(PcmFormat captured, PcmFormat delivered, List<Integer> channelMap)
      throws StreamException {
    checkRate(captured.sampleRateHz(), delivered.sampleRateHz());
    ChannelMap channels =
        channelMap.isEmpty()
            ? ChannelMap.ofCount(captured.channelCount(), delivered.channelCount())
            : ChannelMap.of(captured.channelCount(), channelMap);
    if (channels.sources().size() != delivered.channelCount()) {
      throw new StreamException(
          Reason.INVALID_REQUEST,
          "format.channel_count: %d (expected: 0, or %d as in channel_map)"
              .formatted(delivered.channelCount(), channels.sources().size()));
    }
    return new Conversion(captured, delivered, channels);
  }

  /**
   * Checks a rate by itself, which may be any number.
   *
   * @throws StreamException FORMAT_NOT_AVAILABLE, or INVALID_REQUEST for one that no format has
   */
  public static void checkRate(int captured, int delivered) throws StreamException {
    boolean exists = delivered >= PcmFormat.MIN_RATE_HZ && delivered <= PcmFormat.MAX_RATE_HZ;
    if (!exists || !canDeliver(captured, delivered)) {
      throw new StreamException(
          exists ? Reason.FORMAT_NOT_AVAILABLE : Reason.INVALID_REQUEST,
          "format.sample_rate_hz: %d (expected: %s)".formatted(delivered, ratesFrom(captured)));
    }
  }

  private static boolean canDeliver(int from, int to) {
    int divisor = divisor(from, to);
    return from == to
        || (RATES_HZ.contains(to) && PolyphaseFilter.isFeasible(to / divisor, from / divisor));
  }

  private static String ratesFrom(int captured) {
    String rates =
        RATES_HZ.stream()
            .filter(rate -> rate != captured && canDeliver(captured, rate))
            .map(String::valueOf)
            .collect(Collectors.joining(", "));
    return captured + " as captured" + (rates.isEmpty() ? "" : ", " + rates);
  }

  private static int divisor(int a, int b) {
    return b == 0 ? a : divisor(b, a % b);
  }

  /** Tells whether nothing is done: the captured bytes are delivered. */
  public boolean isIdentity() {
    return captured.equals(delivered) && channels.isIdentity();
  }

  /** Tells whether the rate is converted. */
  public boolean isResampled() {
    return captured.sampleRateHz() != delivered.sampleRateHz();
  }

  /**
   * Tells whether noise is added before the numbers are rounded: where integers are delivered and
   * what they are made from need not be whole in them.
   */
  public boolean isDithered() {
    return delivered.encoding() != SampleEncoding.F32LE
        && (isResampled() || channels.isMixed() || !isExactIn(delivered.encoding()));
  }

  private boolean isExactIn(SampleEncoding encoding) {
    return captured.encoding() != SampleEncoding.F32LE
        && captured.encoding().bytesPerSample() <= encoding.bytesPerSample();
  }

  /** Returns the delivered samples of {@code down()} captured ones. */
  int up() {
    return delivered.sampleRateHz() / divisor(captured.sampleRateHz(), delivered.sampleRateHz());
  }

  /** Returns the captured samples of {@code up()} delivered ones. */
  int down() {
    return captured.sampleRateHz() / divisor(captured.sampleRateHz(), delivered.sampleRateHz());
  }

  /** Returns how many delivered samples stand for instants before a captured one's, about. */
  public long outputSamplesBefore(long captured) {
    return captured * up() / down();
  }

  /** Returns the most delivered samples that so many captured ones can give at a time. */
  public int maxOutputSamples(int samples) {
    return (int) ((long) samples * up() / down()) + 1;
  }

  /** Returns the captured sample with which to begin so that a delivered one comes out. */
  public long inputIndexFor(long delivered) {
    long position = Math.floorDiv(delivered * down(), (long) up());
    return isResampled() ? Math.max(0, position - lookahead() + 1) : position;
  }

  /** Returns the first delivered sample that comes out where the captured ones begin with one. */
  public long firstOutputIndex(long captured) {
    boolean startsAligned = captured == 0 || !isResampled(); // before the first sample lies silence
    long needed = startsAligned ? captured : captured + lookahead() - 1;
    return -Math.floorDiv(-needed * up(), (long) down());
  }

  /**
   * Returns how many captured samples after a delivered sample's instant must have come before it
   * can be delivered: the latency that the conversion adds.
   */
  public int lookahead() {
    return isResampled() ? PolyphaseFilter.halfLength(up(), down()) : 0;
  }
}
