package dev.lavalier.testing;

import dev.lavalier.common.TimeSource;
import java.time.Duration;

/**
 * The time of a device whose clock runs too fast or too slowly, relative to another time source.
 */
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
