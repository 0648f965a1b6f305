package dev.lavalier.capture.line;

import dev.lavalier.common.TimeSource;
import java.time.Duration;

/** Time that advances when code waits for it. Used by one thread. */
final class SimulatedTime implements TimeSource {

  private static final long START_UNIX_NANOS = 1_700_000_000_000_000_000L;

  private long now = 1_000_000_000L;
  private long wallOffset = START_UNIX_NANOS;
  private long suspended;
  private boolean knowsSuspends = true;
  private long preemptionNanos; // around the next read of the wall clock

  @Override
  public long nanoTime() {
    return now;
  }

  @Override
  public long unixNanos() {
    long pause = preemptionNanos;
    preemptionNanos = 0;
    now += pause / 3;
    long read = now + wallOffset;
    now += pause - pause / 3;
    return read;
  }

  @Override
  public long suspendedNanos() {
    return knowsSuspends ? suspended : UNKNOWN;
  }

  @Override
  public void parkUntil(long deadline) {
    now = Math.max(now, deadline);
  }

  @Override
  public void schedule(Duration delay, Runnable task) {
    throw new UnsupportedOperationException();
  }

  void advance(Duration by) {
    now += by.toNanos();
  }

  /** Sets the wall clock forward, or back if negative. */
  void stepWallClock(Duration by) {
    wallOffset += by.toNanos();
  }

  /** Lets the machine sleep: only the wall clock continues. */
  void suspend(Duration by) {
    wallOffset += by.toNanos();
    suspended += by.toNanos();
  }

  /** Makes {@link #suspendedNanos} unknown. */
  SimulatedTime hidesSuspends() {
    knowsSuspends = false;
    return this;
  }

  /** Pauses the thread before and after the next read of the wall clock. */
  void preemptAtNextWallRead(Duration by) {
    preemptionNanos = by.toNanos();
  }

  /** Returns how far the wall clock is ahead of the steady time. */
  long wallOffset() {
    return wallOffset;
  }
}
