package dev.lavalier.pipeline;

/**
 * A run of samples that a subscriber did not get.
 *
 * @param sampleCount number of missing samples per channel, more than 0
 * @param cause why they are missing
 * @param estimated whether the count was estimated from timestamps, fully or partly
 */
public record Gap(long sampleCount, Cause cause, boolean estimated) {

  /** Why samples are missing. */
  public enum Cause {
    /** The subscriber did not read them in time. */
    SLOW_SUBSCRIBER,
    /** The device lost them while it was open. */
    DEVICE_OVERRUN,
    /** The device was lost and has returned. */
    DEVICE_LOST,
    /** They precede the first frame of a resumed subscription and are not in the history. */
    NOT_KEPT
  }
}
