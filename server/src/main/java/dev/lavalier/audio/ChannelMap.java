package dev.lavalier.audio;

import dev.lavalier.common.StreamException;
import dev.lavalier.common.StreamException.Reason;
import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Maps each delivered channel to its source. Immutable.
 *
 * @param capturedChannels number of captured channels
 * @param sources the source of each delivered channel: 1 to {@code capturedChannels} selects that
 *     channel and can be repeated; {@value #MEAN} is the mean of all channels, each with the weight
 *     1 / capturedChannels, so that full scale on every channel gives full scale and never clips
 */
public record ChannelMap(int capturedChannels, List<Integer> sources) {

  /** The source that is the mean of all captured channels. */
  public static final int MEAN = 0;

  /**
   * Creates the map that a request names, after checking it against a device.
   *
   * @throws StreamException INVALID_REQUEST if it is empty, or names too many channels or a
   *     negative one; FORMAT_NOT_AVAILABLE if it names a channel that is not captured
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
            "channel_map: %d (expected: 1..%d for a captured channel, or 0 for the mean of all)"
                .formatted(source, capturedChannels));
      }
    }
    return new ChannelMap(capturedChannels, sources);
  }

  /**
   * Returns the default map for a number of channels: all channels as captured; one channel, which
   * is the mean of all; or any number of copies if only one channel is captured.
   *
   * @throws StreamException FORMAT_NOT_AVAILABLE for other numbers. They have no defined meaning,
   *     because the sound system does not report the position of each channel
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
        "format.channel_count: %d (expected: %d as captured, or 1; other numbers need a channel_map)"
            .formatted(delivered, capturedChannels));
  }

  private static ChannelMap identity(int channels) {
    return new ChannelMap(channels, IntStream.rangeClosed(1, channels).boxed().toList());
  }

  /** Copies the list. The mean of a single channel is replaced with that channel. */
  public ChannelMap {
    sources = capturedChannels == 1 ? Collections.nCopies(sources.size(), 1) : List.copyOf(sources);
  }

  /** Returns whether every channel is delivered as it is captured. */
  public boolean isIdentity() {
    return equals(identity(capturedChannels));
  }

  /** Returns whether any delivered channel is a mean. */
  public boolean isMixed() {
    return sources.contains(MEAN);
  }
}
