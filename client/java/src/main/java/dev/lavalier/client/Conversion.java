package dev.lavalier.client;

import java.time.Duration;
import java.util.List;

/**
 * What the server does between capture and delivery.
 *
 * @param channelMap for each channel of the frames where it comes from: a captured channel, counted
 *     from 1; or 0, the mean of all
 * @param resampled whether the sample rate is converted
 * @param dithered whether noise of at most one last place either way is added before rounding
 * @param lookahead the latency that it adds
 */
public record Conversion(
    List<Integer> channelMap, boolean resampled, boolean dithered, Duration lookahead) {

  /** Copies the list. */
  public Conversion {
    channelMap = List.copyOf(channelMap);
  }
}
