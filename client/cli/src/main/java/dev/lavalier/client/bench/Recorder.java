package dev.lavalier.client.bench;

import java.util.Arrays;
import java.util.EnumMap;
import java.util.Map;
import org.HdrHistogram.Histogram;

/**
 * What the subscribers of one event loop saw. Used on that loop alone; read when it has ended.
 *
 * <p>Latencies are kept as differences from a base, the least latency seen before the counting
 * began, where the clocks of the two machines disagree: a histogram knows no negative numbers, and
 * of large ones the leading digits alone.
 */
final class Recorder {

  /** Frames that a loop's subscribers may be apart without a detour. */
  private static final int SLOTS = 64;

  private final SpreadTable spread;
  private final long[] frames = new long[SLOTS];
  private final long[] first = new long[SLOTS];
  private final long[] last = new long[SLOTS];
  private final int[] arrivals = new int[SLOTS];

  final Histogram latency = Times.histogram();
  final Histogram captureToOnNext = Times.histogram();
  final Histogram interval = Times.histogram();
  private final Map<BenchReport.Cause, BenchReport.Gaps> gaps =
      new EnumMap<>(BenchReport.Cause.class);
  private long delivered;
  private long leastLatency = Long.MAX_VALUE;

  Recorder(SpreadTable spread) {
    this.spread = spread;
    Arrays.fill(frames, -1);
  }

  /**
   * Takes note of a frame that counts.
   *
   * @param frame its number, from 0
   * @param head the frame
   * @param now when it came, by the wall clock
   * @param before when the subscriber's frame before came
   * @param base what to take off the latencies
   */
  void frame(long frame, StreamEvent.Head head, long now, long before, long base) {
    delivered++;
    long sinceCapture = now - head.captureUnixNanos();
    long sinceRead = sinceCapture - head.readDelayNanos();
    leastLatency = Math.min(leastLatency, sinceRead);
    Times.record(latency, sinceRead - base);
    Times.record(captureToOnNext, sinceCapture - base);
    Times.record(interval, now - before);
    arrived(frame, now);
  }

  private void arrived(long frame, long now) {
    int slot = (int) (frame % SLOTS);
    if (frames[slot] == frame) {
      last[slot] = now;
      arrivals[slot]++;
    } else if (frame < frames[slot]) {
      spread.add(frame, now, now, 1); // its slot is taken by a newer one
    } else {
      flush(slot);
      frames[slot] = frame;
      first[slot] = now;
      last[slot] = now;
      arrivals[slot] = 1;
    }
  }

  private void flush(int slot) {
    if (frames[slot] >= 0) {
      spread.add(frames[slot], first[slot], last[slot], arrivals[slot]);
    }
  }

  /** Takes note of samples that are missing among those that count. */
  void gap(BenchReport.Cause cause, long samples) {
    gaps.merge(cause, new BenchReport.Gaps(1, samples), BenchReport.Gaps::plus);
  }

  /** Hands the last frames to the table. */
  void finish() {
    for (int slot = 0; slot < SLOTS; slot++) {
      flush(slot);
      frames[slot] = -1;
    }
  }

  /** Adds another loop's to this one. */
  void add(Recorder other) {
    latency.add(other.latency);
    captureToOnNext.add(other.captureToOnNext);
    interval.add(other.interval);
    other.gaps.forEach((cause, more) -> gaps.merge(cause, more, BenchReport.Gaps::plus));
    delivered += other.delivered;
    leastLatency = Math.min(leastLatency, other.leastLatency);
  }

  long delivered() {
    return delivered;
  }

  /** Returns the least latency seen, by the wall clocks as they are; the largest long for none. */
  long leastLatency() {
    return leastLatency;
  }

  Map<BenchReport.Cause, BenchReport.Gaps> gaps() {
    return gaps;
  }
}
