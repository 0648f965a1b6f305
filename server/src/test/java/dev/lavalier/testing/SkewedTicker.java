package dev.lavalier.testing;

import dev.lavalier.audio.TimeSource;
import java.time.Duration;

/** A device's own time, which runs too fast or too slow against a ticker. */
final class SkewedTicker implements TimeSource {

  private final TimeSource truth;
  volatile double ppm;

  SkewedTicker(TimeSource truth) {
    this.truth = truth;
  }

  @Override
  public long nanoTime() {
    long now = truth.nanoTime();
    return now + Math.round(now * ppm / 1e6);
  }

  @Override
  public long unixNanos() {
    return truth.unixNanos();
  }

  @Override
  public void parkUntil(long deadline) {
    truth.parkUntil(Math.round(deadline / (1 + ppm / 1e6)));
  }

  @Override
  public void schedule(Duration delay, Runnable task) {
    truth.schedule(delay, task);
  }
}
