package dev.lavalier.client.it;

import dev.lavalier.common.TimeSource;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;

/** The time of this machine with a wall clock that the test sets. Safe for use from any thread. */
final class SteppedTimeSource implements TimeSource {

  private final TimeSource base = TimeSource.system();
  private final AtomicLong offset = new AtomicLong();

  /** Sets the wall clock forward, or back if {@code step} is negative. */
  void stepWallClock(Duration step) {
    offset.addAndGet(step.toNanos());
  }

  @Override
  public long nanoTime() {
    return base.nanoTime();
  }

  @Override
  public long unixNanos() {
    return base.unixNanos() + offset.get();
  }

  @Override
  public void parkUntil(long deadline) {
    base.parkUntil(deadline);
  }

  @Override
  public void schedule(Duration delay, Runnable task) {
    base.schedule(delay, task);
  }
}
