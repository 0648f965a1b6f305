package dev.lavalier.client.bench;

import java.util.Arrays;
import java.util.EnumMap;
import java.util.Map;
import org.HdrHistogram.Histogram;

/**
 * Records what the subscribers of one event loop receive. Only that loop uses the recorder; the
 * results are read after the loop has ended.
 *
 * <p>If the clocks of the two machines disagree, latencies are recorded as differences from a base,
 * the lowest latency before the measurement. The reason: a histogram has no negative numbers and
 * keeps only the leading digits of large ones.
 */
final class LatencyRecorder {

  /**
   * The number of frames that a loop's subscribers may be apart before {@link SpreadTable} is
   * needed for each arrival.
   */
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
   * Records a measured frame.
   *
   * @param frame the number of the frame, from 0
   * @param header the frame without its audio
   * @param now the arrival time by the wall clock, in nanoseconds
   * @param previousArrival the arrival time of the subscriber's previous frame
   * @param latencyBase the value to subtract from the latencies, in nanoseconds
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
      spread.add(frame, now, now, 1); // a newer frame uses its slot
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

  /** Records missing samples per channel within the measured samples. */
  void recordGap(BenchReport.Cause cause, long samples) {
    gaps.merge(cause, new BenchReport.Gaps(1, samples), BenchReport.Gaps::plus);
  }

  /** Passes the last frames to the spread table. */
  void finish() {
    for (int slot = 0; slot < SLOTS; slot++) {
      flush(slot);
      frames[slot] = -1;
    }
  }

  /** Adds the results of another loop to this one. */
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

  /**
   * Returns the lowest latency in nanoseconds, by the uncorrected wall clocks; {@link
   * Long#MAX_VALUE} if there is none.
   */
  long minLatency() {
    return minLatency;
  }

  Map<BenchReport.Cause, BenchReport.Gaps> gaps() {
    return gaps;
  }
}
