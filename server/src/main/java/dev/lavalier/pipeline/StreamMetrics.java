package dev.lavalier.pipeline;

/**
 * Counts the frames and periods of one device for the metrics. Called for every frame and period,
 * so it must be cheap. It must not block or throw.
 */
public interface StreamMetrics {

  /** Counts nothing. */
  StreamMetrics NONE = new StreamMetrics() {};

  /**
   * Called when a frame was passed to the transport for one subscriber, on several delivery loops
   * at once.
   *
   * @param bytes size of its message of the contract
   * @param ageNanos nanoseconds since the server had read the whole frame
   */
  default void onFrameSent(int bytes, long ageNanos) {}

  /** Called when one subscriber did not get samples, on several delivery loops at once. */
  default void onSamplesLost(Gap gap) {}

  /**
   * Called when a period was read, only on the capture thread.
   *
   * @param samples number of samples per channel
   * @param jitterNanos difference between the time since the period before and the length of this
   *     period
   */
  default void onPeriod(int samples, long jitterNanos) {}

  /**
   * Called each second with the level of the device, only on the capture thread. Levels are shares
   * of full scale.
   *
   * @param peak the highest absolute value of all channels
   * @param rms the RMS of the loudest channel
   */
  default void onLevel(double peak, double rms) {}

  /**
   * Called at intervals with the measured drift of the device's clock.
   *
   * @param ppm how much faster the device's clock runs than the server's, in parts per million
   */
  default void onClock(double ppm) {}
}
