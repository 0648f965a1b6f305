package dev.lavalier.audio;

import dev.lavalier.common.StreamException;
import dev.lavalier.common.StreamException.Reason;
import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Where each delivered channel comes from. Immutable.
 *
 * @param capturedChannels channels of what is captured
 * @param sources for each delivered channel: 1 to {@code capturedChannels} picks that channel, as
 *     often as one likes; {@value #MEAN} is the mean of all of them, each with the weight 1 /
 *     capturedChannels, so that full scale on every channel is full scale, and never clips
 */
public record ChannelMap(int capturedChannels, List<Integer> sources) {

  /** The source that is the mean of all captured channels. */
  public static final int MEAN = 0;

  /**
   * Checks a map for a device.
   *
   * @throws StreamException INVALID_REQUEST where it names too many channels or negative ones,
   *     FORMAT_NOT_AVAILABLE where it names one that is not captured
   */
  public static ChannelMap of(int capturedChannels, List<Integer> sources) throws StreamException {
    if (sources.isEmpty() || sources.size() > PcmFormat.MAX_CHANNELS) {
      throw new StreamException(
          Reason.INVALID_REQUEST,
          "channel_map: %d entries (expected: 1..%d)"
              .formatted(sources.size(), PcmFormat.MAX_CHANNELS));
    }
    for (int source : sources) {
      if (source < 0 || source > capturedChannels) {
        throw new StreamException(
            source < 0 ? Reason.INVALID_REQUEST : Reason.FORMAT_NOT_AVAILABLE,
            "channel_map: %d (expected: 1..%d, the channels captured, or 0, the mean of them)"
                .formatted(source, capturedChannels));
      }
    }
    return new ChannelMap(capturedChannels, sources);
  }

  /**
   * Returns the map for a number of channels: as captured; one, which is the mean of all; or any
   * number of copies of the one that is captured.
   *
   * @throws StreamException FORMAT_NOT_AVAILABLE for other numbers, whose meaning nobody knows: the
   *     sound system does not say which channel is which
   */
  public static ChannelMap ofCount(int capturedChannels, int delivered) throws StreamException {
    if (delivered == capturedChannels) {
      return identity(capturedChannels);
    }
    if (delivered == 1) {
      return new ChannelMap(capturedChannels, List.of(MEAN));
    }
    if (capturedChannels == 1) {
      return new ChannelMap(1, Collections.nCopies(delivered, 1));
    }
    throw new StreamException(
        Reason.FORMAT_NOT_AVAILABLE,
        "format.channel_count: %d (expected: %d as captured, 1, or a channel_map that says which)"
            .formatted(delivered, capturedChannels));
  }

  private static ChannelMap identity(int channels) {
    return new ChannelMap(channels, IntStream.rangeClosed(1, channels).boxed().toList());
  }

  /** Copies the list; the mean of one channel is that channel. */
  public ChannelMap {
    sources = capturedChannels == 1 ? Collections.nCopies(sources.size(), 1) : List.copyOf(sources);
  }

  /** Tells whether every channel is delivered as it is captured. */
  public boolean isIdentity() {
    return equals(identity(capturedChannels));
  }

  /** Tells whether any delivered channel is a mean. */
  public boolean isMixed() {
    return sources.contains(MEAN);
  }
}
