package dev.lavalier.pipeline;

/**
 * Counts one device's frames, where somebody wants figures. Called for every frame and period, so
 * it must be cheap, and it must neither block nor throw.
 */
public interface StreamMetrics {

  /** Counts nothing. */
  StreamMetrics NONE = new StreamMetrics() {};

  /**
   * A frame was given to the transport, for one subscriber. Called on the lanes, several at once.
   *
   * @param bytes its size as a message of the contract
   * @param ageNanos how long ago the server had read the whole of it
   */
  default void onFrameSent(int bytes, long ageNanos) {}

  /** One subscriber did not get samples. Called on the lanes, several at once. */
  default void onSamplesLost(Gap gap) {}

  /**
   * A period was read. Called by the reader alone.
   *
   * @param samples its length, per channel
   * @param jitterNanos by how much the time since the one before differs from its length
   */
  default void onPeriod(int samples, long jitterNanos) {}

  /** How fast the device's clock runs against the server's, in millionths. Told now and then. */
  default void onClock(double ppm) {}
}
