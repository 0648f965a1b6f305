package dev.lavalier.simulation;

import dev.lavalier.common.TimeSource;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * The time of the simulated machine. The steady time does not advance while the machine is
 * suspended; the unix time does, and can also be set.
 */
final class VirtualTime implements TimeSource {

  private static final long START_UNIX_NANOS = 1_700_000_000_000_000_000L;

  private static final long STEP_NANOS = 10_000_000L;

  private final Scheduler scheduler;
  private final SimulatedThread timer;
  private long wallOffset = START_UNIX_NANOS;
  private final List<Suspension> suspensions = new ArrayList<>();
  private long suspendedNanos;

  private final List<ClockChange> clockChanges = new ArrayList<>();
  private final boolean suspendsKnown;

  private record Suspension(long atSteady, long nanos) {}

  /**
   * A suspension, or a step of the wall clock.
   *
   * @param atSteady steady time
   * @param nanos by how much the wall clock changed
   */
  record ClockChange(long atSteady, long nanos, boolean isSuspension) {}

  /**
   * Creates the time of a machine.
   *
   * @param suspendsKnown whether it measures how long it was suspended, as Linux does
   */
  VirtualTime(Scheduler scheduler, boolean suspendsKnown) {
    this.scheduler = scheduler;
    this.suspendsKnown = suspendsKnown;
    this.timer = scheduler.newThread("timer", true);
  }

  @Override
  public long nanoTime() {
    return scheduler.now();
  }

  @Override
  public long unixNanos() {
    return scheduler.now() + wallOffset;
  }

  @Override
  public long suspendedNanos() {
    if (!suspendsKnown) {
      return UNKNOWN;
    }
    // The machine reports the time in steps of 10 ms.
    return (scheduler.now() + suspendedNanos) / STEP_NANOS * STEP_NANOS - scheduler.now();
  }

  boolean areSuspendsKnown() {
    return suspendsKnown;
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

  SimulatedThread timer() {
    return timer;
  }

  /** Returns the real time that has passed, including suspensions. */
  long physicalNanos() {
    return scheduler.now() + suspendedNanos;
  }

  /** Returns the steady time at a real time. */
  long steadyNanosOf(long physical) {
    long steady = physical;
    for (Suspension each : suspensions) {
      steady -= Math.max(0, Math.min(each.nanos(), steady - each.atSteady()));
    }
    return steady;
  }

  /** Sets the unix time forward, or back if {@code nanos} is negative. */
  void stepWallClock(long nanos) {
    wallOffset += nanos;
    clockChanges.add(new ClockChange(scheduler.now(), nanos, false));
  }

  /** Returns the suspensions and the steps of the wall clock, in order. */
  List<ClockChange> clockChanges() {
    return clockChanges;
  }

  /** Suspends and resumes the machine at once. */
  void suspend(long nanos) {
    suspensions.add(new Suspension(scheduler.now(), nanos));
    suspendedNanos += nanos;
    clockChanges.add(new ClockChange(scheduler.now(), nanos, true));
    wallOffset += nanos;
  }
}
