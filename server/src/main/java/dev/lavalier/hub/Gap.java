package dev.lavalier.hub;

/**
 * A run of samples that a subscriber did not get.
 *
 * @param sampleCount how many, per channel; more than 0
 * @param cause why
 * @param estimated whether the count was reckoned from the clock, and not counted
 */
public record Gap(long sampleCount, Cause cause, boolean estimated) {

  /** Why samples are missing. */
  public enum Cause {
    /** The subscriber did not take them in time. */
    SLOW_SUBSCRIBER
  }
}
