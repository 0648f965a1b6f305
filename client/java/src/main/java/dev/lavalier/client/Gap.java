package dev.lavalier.client;

/**
 * A run of samples that this client did not get.
 *
 * @param sampleCount how many, per channel; more than 0
 * @param cause why
 * @param estimated whether the count was, in part or whole, reckoned from the clock
 */
public record Gap(long sampleCount, Cause cause, boolean estimated) {

  /** Why samples are missing. */
  public enum Cause {
    /** This client did not take the frames in time. */
    SLOW_SUBSCRIBER,
    /** The device or its driver lost them while it was open. */
    DEVICE_OVERRUN,
    /** The device was lost, and is back. */
    DEVICE_LOST,
    /** The server did not keep what lies before the point at which the stream resumes. */
    NOT_KEPT,
    /** Something that a newer server knows and this client does not. */
    UNKNOWN
  }
}
