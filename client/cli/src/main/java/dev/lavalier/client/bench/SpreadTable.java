package dev.lavalier.client.bench;

import java.util.Arrays;
import org.HdrHistogram.Histogram;

/**
 * Puts together what the event loops saw of each frame: the time between its first arrival and its
 * last, over all subscribers. Safe for use from any thread; each loop comes here once per frame,
 * not once per subscriber, so nobody waits.
 */
final class SpreadTable {

  /** Frames under way at a time: 82 s of 20 ms, 4 s of 1 ms. */
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
   * Takes note of arrivals of a frame.
   *
   * @param frame its number, from 0
   * @param firstArrival the first arrival
   * @param lastArrival the last
   * @param count how many there were
   */
  synchronized void add(long frame, long firstArrival, long lastArrival, int count) {
    int slot = (int) (frame % SLOTS);
    if (frames[slot] != frame) {
      if (frame < frames[slot]) {
        return; // older than anything that a server may still send
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

  /** Nothing is between first and last where there was but one. */
  private void close(int slot) {
    if (frames[slot] != NONE && arrivals[slot] > 1) {
      LatencySummary.record(spread, last[slot] - first[slot]);
    }
    frames[slot] = NONE;
  }

  /** Closes every frame, and sums up. */
  synchronized LatencySummary summary() {
    for (int slot = 0; slot < SLOTS; slot++) {
      close(slot);
    }
    return LatencySummary.of(spread, 0);
  }
}
