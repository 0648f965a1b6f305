package dev.lavalier.pipeline;

/**
 * A run of samples that a subscriber did not get.
 *
 * @param sampleCount how many, per channel; more than 0
 * @param cause why
 * @param estimated whether the count was, in part or whole, reckoned from the clock
 */
public record Gap(long sampleCount, Cause cause, boolean estimated) {

  /** Why samples are missing. */
  public enum Cause {
    /** The subscriber did not take them in time. */
    SLOW_SUBSCRIBER,
    /** The device lost them while it was open. */
    DEVICE_OVERRUN,
    /** The device was lost, and is back. */
    DEVICE_LOST,
    /** They lie before the first frame of a subscription that resumes, and were not kept. */
    NOT_KEPT
  }
}
