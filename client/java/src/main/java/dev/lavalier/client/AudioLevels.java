package dev.lavalier.client;

import java.util.List;
import java.util.Optional;

/**
 * The levels of one interval of a device. Immutable.
 *
 * @param epoch the number of the epoch: {@link StreamStart#epoch}
 * @param sampleIndex the index of the first sample within its epoch, counted per channel from 0
 * @param sampleCount the samples per channel that were measured, 1 or more
 * @param lostSampleCount the samples per channel that were lost in this interval
 * @param captureTimeUnixNanos the capture time of the first sample, in nanoseconds since
 *     1970-01-01T00:00Z, by the server's clock
 * @param gap the intervals that are missing just before this one; empty if none is missing
 * @param channels the level of each channel
 */
public record AudioLevels(
    long epoch,
    long sampleIndex,
    long sampleCount,
    long lostSampleCount,
    long captureTimeUnixNanos,
    Optional<Gap> gap,
    List<ChannelLevel> channels) {

  /** Copies the list. */
  public AudioLevels {
    channels = List.copyOf(channels);
  }
}
