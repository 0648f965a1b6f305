package dev.lavalier.client.bench;

import java.util.Arrays;
import org.HdrHistogram.Histogram;

/**
 * Merges the arrivals of each frame on all event loops into its spread: the time between its first
 * and last arrival over all subscribers. Safe for use from any thread. Each loop calls it once per
 * frame, not once per subscriber, so contention is low.
 */
final class SpreadTable {

  /** The number of frames in the table at a time: 82 s of 20 ms frames, 4 s of 1 ms frames. */
  private static final int SLOTS = 4_096;

  private static final long NONE = -1;

  private final long[] frames = new long[SLOTS];
  private final long[] first = new long[SLOTS];
  private final long[] last = new long[SLOTS];
  private final int[] arrivals = new int[SLOTS];
  private final Histogram spread = LatencySummary.histogram();

  SpreadTable() {
    Arrays.fill(frames, NONE);
  }

  /**
   * Records arrivals of a frame.
   *
   * @param frame the number of the frame, from 0
   * @param firstArrival the time of the first arrival, in nanoseconds
   * @param lastArrival the time of the last arrival, in nanoseconds
   * @param count the number of arrivals
   */
  synchronized void add(long frame, long firstArrival, long lastArrival, int count) {
    int slot = (int) (frame % SLOTS);
    if (frames[slot] != frame) {
      if (frame < frames[slot]) {
        return; // older than any frame that a server may still send
      }
      close(slot);
      frames[slot] = frame;
      first[slot] = firstArrival;
      last[slot] = lastArrival;
      arrivals[slot] = count;
    } else {
      first[slot] = Math.min(first[slot], firstArrival);
      last[slot] = Math.max(last[slot], lastArrival);
      arrivals[slot] += count;
    }
  }

  /** Records the spread of a frame, unless it arrived only once. */
  private void close(int slot) {
    if (frames[slot] != NONE && arrivals[slot] > 1) {
      LatencySummary.record(spread, last[slot] - first[slot]);
    }
    frames[slot] = NONE;
  }

  /** Closes every frame and returns the distribution of the spread. */
  synchronized LatencySummary summary() {
    for (int slot = 0; slot < SLOTS; slot++) {
      close(slot);
    }
    return LatencySummary.of(spread, 0);
  }
}
