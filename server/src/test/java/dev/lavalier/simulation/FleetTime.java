package dev.lavalier.simulation;

import dev.lavalier.common.TimeSource;
import java.time.Duration;

/** The clocks of one machine of a fleet. They have origins of their own. */
final class FleetTime implements TimeSource {

  private static final long UNIX_NANOS = 1_700_000_000_000_000_000L;

  private final Scheduler scheduler;
  private final SimulatedThread timer;
  private final long steadyOffset;
  private long wallOffset;

  /**
   * Creates the clocks of a machine.
   *
   * @param wallError by how much its wall clock is wrong, in nanoseconds
   */
  FleetTime(Scheduler scheduler, SimulatedThread timer, long steadyOffset, long wallError) {
    this.scheduler = scheduler;
    this.timer = timer;
    this.steadyOffset = steadyOffset;
    this.wallOffset = UNIX_NANOS + wallError;
  }

  @Override
  public long nanoTime() {
    return scheduler.now() + steadyOffset;
  }

  @Override
  public long unixNanos() {
    return scheduler.now() + wallOffset;
  }

  /** Returns by how much the wall clock is wrong, in nanoseconds. */
  long wallError() {
    return wallOffset - UNIX_NANOS;
  }

  void stepWallClock(long nanos) {
    wallOffset += nanos;
  }

  /** Not supported: no simulated task may wait. */
  @Override
  public void parkUntil(long deadline) {
    throw new IllegalStateException("a task waits");
  }

  @Override
  public void schedule(Duration delay, Runnable task) {
    scheduler.at(scheduler.now() + delay.toNanos(), timer, task);
  }
}
