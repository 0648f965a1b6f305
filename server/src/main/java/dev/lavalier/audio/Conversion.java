package dev.lavalier.audio;

import dev.lavalier.common.StreamException;
import dev.lavalier.common.StreamException.Reason;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * Describes how captured audio becomes delivered audio: channels are selected or mixed, then the
 * rate is converted, then the numbers are encoded. Immutable. Two conversions are equal if they do
 * the same.
 *
 * @param captured the input format
 * @param delivered the output format
 * @param channels the source of each delivered channel
 */
public record Conversion(PcmFormat captured, PcmFormat delivered, ChannelMap channels) {

  /** The rates that can be delivered, in Hz, besides the captured rate. */
  public static final List<Integer> RATES_HZ =
      List.of(8_000, 11_025, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 88_200, 96_000);

  // Nanoseconds of processor time.
  private static final double DECODE_NANOS = 3; // for each captured sample of a channel in use
  private static final double TAP_NANOS = 0.6; // for each tap of a delivered sample of a plane
  private static final double ENCODE_NANOS = 5; // for each delivered value
  private static final double DITHERED_NANOS = 14; // the same, with dither

  /**
   * Plans a conversion.
   *
   * @param channelMap see {@link ChannelMap}; empty: the default map of {@link ChannelMap#ofCount}
   * @throws StreamException INVALID_REQUEST or FORMAT_NOT_AVAILABLE; the message lists the
   *     supported values
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
   * Checks only the delivered rate, which may be any number.
   *
   * @throws StreamException INVALID_REQUEST if no format can have the rate; FORMAT_NOT_AVAILABLE if
   *     the captured rate cannot be converted to it
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

  /** Returns whether the captured bytes are delivered unchanged. */
  public boolean isIdentity() {
    return captured.equals(delivered) && channels.isIdentity();
  }

  /** Returns whether the rate is converted. */
  public boolean isResampled() {
    return captured.sampleRateHz() != delivered.sampleRateHz();
  }

  /**
   * Returns whether noise is added before the numbers are rounded. It is added if integers are
   * delivered and the converted values may not be exact in the delivered encoding.
   */
  public boolean isDithered() {
    return delivered.encoding() != SampleEncoding.F32LE
        && (isResampled() || channels.isMixed() || !isExactIn(delivered.encoding()));
  }

  private boolean isExactIn(SampleEncoding encoding) {
    return captured.encoding() != SampleEncoding.F32LE
        && captured.encoding().bytesPerSample() <= encoding.bytesPerSample();
  }

  /**
   * Returns about how much processor time the conversion takes, in nanoseconds for each second of
   * audio; 0 if nothing is converted. The factors were measured with {@code ConversionBenchmark}
   * (docs/benchmarks-audio.md). A processor can be some times faster or slower.
   */
  public long workNanosPerSecond() {
    return encodeNanosPerSecond() + planeNanosPerSecond().values().stream().mapToLong(n -> n).sum();
  }

  /** Returns the part of {@link #workNanosPerSecond} that conversions do not share. */
  public long encodeNanosPerSecond() {
    double nanos = isIdentity() ? 0 : isDithered() ? DITHERED_NANOS : ENCODE_NANOS;
    return (long) (nanos * delivered.channelCount() * delivered.sampleRateHz());
  }

  /**
   * Returns the part of {@link #workNanosPerSecond} that conversions of a pipeline to the same rate
   * share, by the source of the channels.
   */
  public Map<Integer, Long> planeNanosPerSecond() {
    Map<Integer, Long> work = new LinkedHashMap<>();
    if (!isIdentity()) {
      for (int source : channels.sources()) {
        int decoded = source == ChannelMap.MEAN ? captured.channelCount() : 1;
        double nanos = DECODE_NANOS * decoded * captured.sampleRateHz();
        if (isResampled()) {
          nanos += TAP_NANOS * 2 * lookahead() * delivered.sampleRateHz();
        }
        work.put(source, (long) nanos);
      }
    }
    return work;
  }

  /**
   * Returns about how many bytes a converter takes, apart from its filter.
   *
   * @param samples the maximum number of captured samples per channel in a block
   */
  public long memoryBytes(int samples) {
    if (isIdentity()) {
      return 0;
    }
    long output = maxOutputSamples(samples) + 1L;
    long window = isResampled() ? 4L * lookahead() + samples : 0;
    long planes = channels.sources().stream().distinct().count();
    return 8 * planes * (2L * samples + output + window) + output * delivered.bytesPerSampleFrame();
  }

  /** Returns the number of delivered samples for {@link #down} captured samples. */
  int up() {
    return delivered.sampleRateHz() / divisor(captured.sampleRateHz(), delivered.sampleRateHz());
  }

  /** Returns the number of captured samples for {@link #up} delivered samples. */
  int down() {
    return captured.sampleRateHz() / divisor(captured.sampleRateHz(), delivered.sampleRateHz());
  }

  /**
   * Returns approximately how many delivered samples represent instants before a captured sample.
   */
  public long outputSamplesBefore(long captured) {
    return captured * up() / down();
  }

  /**
   * Returns the maximum number of delivered samples that a block of captured samples can produce.
   */
  public int maxOutputSamples(int samples) {
    return (int) (((long) samples * up() + down() - 1) / down());
  }

  /**
   * Returns the index of the captured sample at which the input must start to produce a delivered
   * sample.
   */
  public long inputIndexFor(long delivered) {
    long position = Math.floorDiv(delivered * down(), (long) up());
    return isResampled() ? Math.max(0, position - lookahead() + 1) : position;
  }

  /** Returns the index of the first delivered sample if the input starts at a captured sample. */
  public long firstOutputIndex(long captured) {
    boolean startsAligned = captured == 0 || !isResampled(); // silence precedes the first sample
    long needed = startsAligned ? captured : captured + lookahead() - 1;
    return -Math.floorDiv(-needed * up(), (long) down());
  }

  /**
   * Returns how many captured samples after the instant of a delivered sample are needed to compute
   * it. This is the latency that the conversion adds.
   */
  public int lookahead() {
    return isResampled() ? PolyphaseFilter.halfLength(up(), down()) : 0;
  }
}
