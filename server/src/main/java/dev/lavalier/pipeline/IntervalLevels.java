package dev.lavalier.pipeline;

import dev.lavalier.audio.LevelMeter;

/**
 * The levels of one interval, for a {@link LevelCodec}.
 *
 * @param epoch the number of the epoch
 * @param sampleIndex index of the first sample of the interval in the epoch
 * @param interval samples per channel of the interval, including those that were lost in it
 * @param captureUnixNanos unix time at which the first sample was captured
 * @param meter the levels of the samples that were not lost; valid only during the call
 */
public record IntervalLevels(
    long epoch, long sampleIndex, int interval, long captureUnixNanos, LevelMeter meter) {

  /** Returns how many samples per channel of the interval were measured, 1 or more. */
  public long samples() {
    return meter.samples();
  }

  /** Returns how many samples per channel of the interval were lost. */
  public long samplesLost() {
    return interval - meter.samples();
  }
}
