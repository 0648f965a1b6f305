package dev.lavalier.pipeline;

import dev.lavalier.audio.LevelMeter;
import dev.lavalier.audio.PcmFormat;
import dev.lavalier.capture.Loss;
import dev.lavalier.capture.Period;

/**
 * Measures the levels of delivered samples in intervals of one length, and encodes each interval
 * once. Intervals start at multiples of their length. The first one is the first whole one in the
 * input.
 *
 * <p>Unlike a frame of audio, an interval of which samples were lost is published, with the levels
 * of the others. An interval of which all samples were lost is not.
 *
 * <p>It keeps no samples, so the length of an interval costs no memory. Its work is spread over the
 * blocks. {@link #accept} is called by the capture thread. Delivery loops read the ring.
 */
final class LevelFramer implements FrameProducer {

  private final StreamPlan plan;
  private final long epoch;
  private final PcmFormat format;
  private final int interval;
  private final LevelCodec codec;
  private final FrameRing ring;

  // Used only by the thread that calls accept().
  private final LevelMeter meter; // of the current interval
  private long intervalIndex = -1; // the first sample of the current interval; -1: no block yet
  private long intervalNanos;
  private long intervalUnixNanos;
  private LossTotals losses = LossTotals.NONE; // in intervals of which all samples were lost
  private long sequence;

  private volatile long firstIndex = -1;

  /**
   * Creates a framer.
   *
   * @param plan a plan with a {@link LevelCodec}
   * @param slots the slots of its ring, a power of 2
   * @param epoch the number of the epoch
   */
  LevelFramer(StreamPlan plan, int slots, long epoch) {
    this.plan = plan;
    this.epoch = epoch;
    this.format = plan.conversion().delivered();
    this.interval = plan.frameSize();
    this.codec = (LevelCodec) plan.codec();
    this.ring = new FrameRing(slots);
    this.meter = new LevelMeter(format);
  }

  @Override
  public StreamPlan plan() {
    return plan;
  }

  @Override
  public FrameRing ring() {
    return ring;
  }

  @Override
  public long firstIndex() {
    return firstIndex;
  }

  /**
   * Adds one block.
   *
   * @param block in the delivery format; its array is not kept. If it does not continue the block
   *     before, the samples in between are lost
   * @param loss why they are lost
   * @param offeredNanos the current steady time
   * @return whether at least one interval was published
   */
  boolean accept(Period block, Loss loss, long offeredNanos) {
    boolean published = startAt(block, loss, offeredNanos);
    long index = Math.max(block.sampleIndex(), intervalIndex);
    while (index < block.endIndex()) {
      if (meter.samples() == 0) {
        long offsetNanos = format.nanosOf(intervalIndex) - format.nanosOf(block.sampleIndex());
        intervalNanos = block.captureNanos() + offsetNanos;
        intervalUnixNanos = block.captureUnixNanos() + offsetNanos;
      }
      long end = intervalIndex + interval;
      int count = (int) (Math.min(block.endIndex(), end) - index);
      meter.add(block.pcm(), (int) (index - block.sampleIndex()), count);
      index += count;
      if (index == end) {
        publish(block, offeredNanos);
        published = true;
      }
    }
    return published;
  }

  /** Moves to the interval of the first sample of a block. Returns whether one was published. */
  private boolean startAt(Period block, Loss loss, long offeredNanos) {
    long index = block.sampleIndex();
    if (intervalIndex < 0) {
      intervalIndex = Math.floorDiv(index + interval - 1, interval) * interval;
      firstIndex = intervalIndex;
    }
    boolean published = false;
    if (index >= intervalIndex + interval && meter.samples() > 0) {
      publish(block, offeredNanos); // the rest of its samples was lost
      published = true;
    }
    long lost = Math.max(0, index - intervalIndex) / interval * interval;
    if (lost > 0) {
      losses = losses.plus(lost, loss);
      intervalIndex += lost;
    }
    return published;
  }

  private void publish(Period last, long offeredNanos) {
    byte[] message =
        codec.encode(new IntervalLevels(epoch, intervalIndex, interval, intervalUnixNanos, meter));
    ring.publish(
        new Frame(
            sequence++,
            intervalIndex,
            losses,
            intervalNanos,
            intervalUnixNanos,
            last.readNanos(),
            offeredNanos,
            last.waitedNanos(),
            message));
    intervalIndex += interval;
    meter.reset();
  }
}
