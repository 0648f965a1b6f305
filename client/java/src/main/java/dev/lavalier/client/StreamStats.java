package dev.lavalier.client;

import java.util.Map;

/**
 * What a stream has received since it was opened, across all its connections. Immutable. Within one
 * epoch, {@code samples} and {@link #totalLostSamples} together are the samples between the first
 * sample of the first frame and the last sample of the last one, and those of a gap before the
 * first frame.
 *
 * @param frames the number of frames that the program got
 * @param samples their samples, per channel
 * @param lostSamples the samples of their gaps, per channel and by cause; without causes that lost
 *     none. The samples of stale frames count from the next frame on
 * @param staleFrames the number of frames that this client dropped because they had expired
 * @param bytes the audio that arrived, in bytes as the server encoded it, with that of stale frames
 *     and without the other fields of the messages
 * @param reconnections how often frames arrived again on another connection
 */
public record StreamStats(
    long frames,
    long samples,
    Map<Gap.Cause, Long> lostSamples,
    long staleFrames,
    long bytes,
    long reconnections) {

  /** Copies the map. */
  public StreamStats {
    lostSamples = Map.copyOf(lostSamples);
  }

  /** Returns the lost samples of all causes, per channel. */
  public long totalLostSamples() {
    return lostSamples.values().stream().mapToLong(Long::longValue).sum();
  }
}
