package dev.lavalier.client;

/**
 * A sequence of samples that this client did not receive.
 *
 * @param sampleCount the number of missing samples per channel; more than 0
 * @param cause why the samples are missing
 * @param estimated whether the count was estimated, fully or partly, from timestamps
 */
public record Gap(long sampleCount, Cause cause, boolean estimated) {

  /** Why samples are missing. */
  public enum Cause {
    /** This client did not read the frames in time. */
    SLOW_SUBSCRIBER,
    /** The device or its driver lost them while it was open. */
    DEVICE_OVERRUN,
    /** The device was lost and is available again. */
    DEVICE_LOST,
    /** The server no longer had the samples between the point of resumption and the first frame. */
    NOT_KEPT,
    /** The server was too busy to read them from the device or to send them in time. */
    SERVER_OVERLOAD,
    /** A cause that a newer server reports and this client does not know. */
    UNKNOWN
  }
}
