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
final class LatencyRecorder {

  /** Frames that a loop's subscribers may be apart without a detour. */
  private static final int SLOTS = 64;

  private final SpreadTable spread;
  private final long[] frames = new long[SLOTS];
  private final long[] first = new long[SLOTS];
  private final long[] last = new long[SLOTS];
  private final int[] arrivals = new int[SLOTS];

  final Histogram latency = LatencySummary.histogram();
  final Histogram captureToOnNext = LatencySummary.histogram();
  final Histogram interval = LatencySummary.histogram();
  private final Map<BenchReport.Cause, BenchReport.Gaps> gaps =
      new EnumMap<>(BenchReport.Cause.class);
  private long delivered;
  private long minLatency = Long.MAX_VALUE;

  LatencyRecorder(SpreadTable spread) {
    this.spread = spread;
    Arrays.fill(frames, -1);
  }

  /**
   * Takes note of a frame that counts.
   *
   * @param frame its number, from 0
   * @param header the frame
   * @param now when it came, by the wall clock
   * @param previousArrival when the subscriber's frame before came
   * @param latencyBase what to take off the latencies
   */
  void recordFrame(
      long frame,
      StreamEvent.FrameHeader header,
      long now,
      long previousArrival,
      long latencyBase) {
    delivered++;
    long sinceCapture = now - header.captureUnixNanos();
    long sinceRead = sinceCapture - header.readDelayNanos();
    minLatency = Math.min(minLatency, sinceRead);
    LatencySummary.record(latency, sinceRead - latencyBase);
    LatencySummary.record(captureToOnNext, sinceCapture - latencyBase);
    LatencySummary.record(interval, now - previousArrival);
    recordArrival(frame, now);
  }

  private void recordArrival(long frame, long now) {
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
  void recordGap(BenchReport.Cause cause, long samples) {
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
  void add(LatencyRecorder other) {
    latency.add(other.latency);
    captureToOnNext.add(other.captureToOnNext);
    interval.add(other.interval);
    other.gaps.forEach((cause, more) -> gaps.merge(cause, more, BenchReport.Gaps::plus));
    delivered += other.delivered;
    minLatency = Math.min(minLatency, other.minLatency);
  }

  long delivered() {
    return delivered;
  }

  /** Returns the least latency seen, by the wall clocks as they are; the largest long for none. */
  long minLatency() {
    return minLatency;
  }

  Map<BenchReport.Cause, BenchReport.Gaps> gaps() {
    return gaps;
  }
}
