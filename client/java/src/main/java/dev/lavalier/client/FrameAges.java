package dev.lavalier.client;

import dev.lavalier.v1.AudioFrame;
import java.time.Duration;

/**
 * Decides which frames of one connection have expired, without trusting a wall clock. For use by
 * one thread. All times are in nanoseconds.
 *
 * <p>The time at which the server read a frame is its {@code read_time_steady_nanos}. On Linux, a
 * steady clock stops while the machine is suspended. If the server's wall clock has advanced by
 * more than its steady clock, and no frame arrived for as long, the server was suspended, and the
 * difference is added.
 *
 * <p>An older server sends only its wall clock. Within an epoch the sample index also counts time.
 * If the wall clock and the index disagree from one frame to the next, the clock was set, and the
 * difference is removed.
 *
 * <p>History that was requested does not expire. It ends at a sample index.
 */
final class FrameAges {

  private static final long MIN_WALL_STEP = 10_000_000L; // less is noise of the capture times
  private static final long MIN_SUSPENSION = 100_000_000L;
  private static final long ARRIVAL_JITTER = 50_000_000L;
  private static final double NANOS_PER_SECOND = 1e9;

  private final QueuingDelayFilter filter;

  private long epoch; // 0: none yet
  private long historyEndIndex; // of the epoch
  private long historyEndNanos; // when it was live, by this client's steady clock
  private long onTimeNanos; // of the last frame

  // Of the frame before; valid from the second frame on.
  private long lastIndex;
  private long lastCaptureNanos;
  private long lastWallOffset; // the server's wall clock minus its steady clock
  private long lastArrival;

  private long suspended; // the total time that the server's steady clock missed
  private long wallSteps; // the sum of the steps of an older server's wall clock

  FrameAges(Duration maxLatency) {
    filter = new QueuingDelayFilter(maxLatency.toNanos());
  }

  /**
   * Returns whether a frame has expired. Call it in the order of arrival.
   *
   * @param start the parameters of the frame's epoch
   * @param arrived when the frame arrived, by this client's steady clock
   * @param now the current time by that clock
   */
  boolean isExpired(StreamStart start, AudioFrame frame, long arrived, long now) {
    boolean first = epoch == 0;
    boolean firstOfEpoch = start.epoch() != epoch;
    if (firstOfEpoch) {
      epoch = start.epoch();
      historyEndIndex =
          frame.getSampleIndex()
              + Math.round(
                  start.preroll().toNanos() / NANOS_PER_SECOND * start.format().sampleRateHz());
      historyEndNanos = arrived;
    }
    if (frame.getReadTimeSteadyNanos() != 0) {
      followSuspension(frame, arrived, first);
    } else if (!firstOfEpoch) {
      followWallSteps(start, frame);
    }
    lastIndex = frame.getSampleIndex();
    lastCaptureNanos = frame.getCaptureTimeUnixNanos();
    lastArrival = arrived;
    if (frame.getSampleIndex() < historyEndIndex) {
      long rest = historyEndIndex - frame.getSampleIndex() - start.frameSize();
      onTimeNanos = historyEndNanos - nanos(start, rest);
      return false;
    }
    long read = readNanos(frame);
    boolean accepted = filter.accept(read, arrived, now);
    onTimeNanos = filter.onTimeNanos(read);
    return !accepted;
  }

  /**
   * Returns when the last frame would have arrived after the shortest transfer time, had it been
   * sent live, by this client's steady clock.
   */
  long onTimeNanos() {
    return onTimeNanos;
  }

  private long readNanos(AudioFrame frame) {
    return frame.getReadTimeSteadyNanos() != 0
        ? frame.getReadTimeSteadyNanos() + suspended
        : wallReadNanos(frame) - wallSteps;
  }

  private static long wallReadNanos(AudioFrame frame) {
    return frame.getCaptureTimeUnixNanos() + ProtoMapper.readDelayNanos(frame);
  }

  private void followSuspension(AudioFrame frame, long arrived, boolean first) {
    long wallOffset = wallReadNanos(frame) - frame.getReadTimeSteadyNanos();
    long advance = wallOffset - lastWallOffset;
    lastWallOffset = wallOffset;
    if (!first && advance >= MIN_SUSPENSION && arrived - lastArrival >= advance - ARRIVAL_JITTER) {
      suspended += advance;
    }
  }

  private void followWallSteps(StreamStart start, AudioFrame frame) {
    long expected = lastCaptureNanos + nanos(start, frame.getSampleIndex() - lastIndex);
    long step = frame.getCaptureTimeUnixNanos() - expected;
    if (Math.abs(step) >= MIN_WALL_STEP) {
      wallSteps += step;
    }
  }

  private static long nanos(StreamStart start, long samples) {
    return Math.round(samples * NANOS_PER_SECOND / start.format().sampleRateHz());
  }
}
