package dev.lavalier.testing;

import dev.lavalier.common.TimeSource;
import java.time.Duration;

/** Time that starts at 0 and jumps to the end of each wait. Used by one thread. */
public final class JumpingTimeSource implements TimeSource {

  private long now;

  /** Returns the sum of all waits. */
  public Duration passed() {
    return Duration.ofNanos(now);
  }

  @Override
  public long nanoTime() {
    return now;
  }

  @Override
  public long unixNanos() {
    return now;
  }

  @Override
  public void parkUntil(long deadline) {
    now = Math.max(now, deadline);
  }

  /** Not supported. */
  @Override
  public void schedule(Duration delay, Runnable task) {
    throw new UnsupportedOperationException();
  }
}
