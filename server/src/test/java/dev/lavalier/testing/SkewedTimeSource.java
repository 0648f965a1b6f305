package dev.lavalier.testing;

import dev.lavalier.common.TimeSource;
import java.time.Duration;

/** A device's own time, which runs too fast or too slow against a ticker. */
final class SkewedTimeSource implements TimeSource {

  private final TimeSource base;
  volatile double ppm;

  SkewedTimeSource(TimeSource base) {
    this.base = base;
  }

  @Override
  public long nanoTime() {
    long now = base.nanoTime();
    return now + Math.round(now * ppm / 1e6);
  }

  @Override
  public long unixNanos() {
    return base.unixNanos();
  }

  @Override
  public void parkUntil(long deadline) {
    base.parkUntil(Math.round(deadline / (1 + ppm / 1e6)));
  }

  @Override
  public void schedule(Duration delay, Runnable task) {
    base.schedule(delay, task);
  }
}
