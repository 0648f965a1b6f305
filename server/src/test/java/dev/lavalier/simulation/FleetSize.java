package dev.lavalier.simulation;

import java.util.SplittableRandom;

/**
 * How large a simulated fleet is, and for how long it runs.
 *
 * @param subscribers the maximum number at a time
 * @param initialSubscribers how many subscribe in the first second
 * @param seconds how long subscribers come and go, and faults happen
 * @param actionNanos the average time between two events, such as a subscriber that comes or a
 *     fault
 * @param maxWaiting how many messages wait for a machine that is too slow
 * @param historySeconds the maximum length of the histories of nodes and edges
 * @param resampledPercent how many of 100 subscriptions have another rate
 */
record FleetSize(
    int nodes,
    int edges,
    int subscribers,
    int initialSubscribers,
    double seconds,
    long actionNanos,
    int maxWaiting,
    int historySeconds,
    int resampledPercent) {

  /** Returns a small fleet. */
  static FleetSize small(SplittableRandom random) {
    return new FleetSize(
        1 + random.nextInt(3),
        1 + random.nextInt(3),
        12,
        0,
        5 + random.nextDouble(20),
        500_000_000L,
        200,
        10,
        15);
  }

  /**
   * Returns a large fleet. Most subscribers come in the first second.
   *
   * @param seconds how long subscribers come and go, and faults happen
   */
  static FleetSize large(int nodes, int edges, int subscribers, double seconds) {
    return new FleetSize(
        nodes, edges, subscribers, subscribers * 9 / 10, seconds, 25_000_000L, 2_000, 2, 3);
  }
}
