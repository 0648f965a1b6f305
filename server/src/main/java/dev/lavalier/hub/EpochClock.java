package dev.lavalier.hub;

import dev.lavalier.common.TimeSource;

/**
 * The clock that numbers the epochs of the devices of this machine. Safe for use from any thread.
 */
public interface EpochClock {

  /** The wall clock. If it is set back, numbers of epochs grow only while the server runs. */
  EpochClock WALL = time -> time.unixNanos() / 1_000;

  /** Returns the current unix time in microseconds. Does not block. */
  long micros(TimeSource time);

  /**
   * Called when an epoch gets a number, before its audio is captured. May block.
   *
   * @param epoch a number that {@link #micros} has returned, or a larger one
   */
  default void onEpoch(long epoch) {}
}
