package dev.lavalier.client;

import java.time.Duration;
import java.util.List;

/**
 * The conversion from the capture format to the format of the frames, done by the server.
 *
 * @param channelMap the source of each channel of the frames: a captured channel, counted from 1,
 *     or 0 for the mean of all
 * @param resampled whether the sample rate is converted
 * @param dithered whether dither is added before rounding: noise of at most one least significant
 *     bit in either direction
 * @param lookahead the latency that the conversion adds
 */
public record Conversion(
    List<Integer> channelMap, boolean resampled, boolean dithered, Duration lookahead) {

  /** Copies the list. */
  public Conversion {
    channelMap = List.copyOf(channelMap);
  }
}
