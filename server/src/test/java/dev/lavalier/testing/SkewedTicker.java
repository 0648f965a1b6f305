package dev.lavalier.testing;

import dev.lavalier.audio.Ticker;
import java.time.Duration;

/** A device's own time, which runs too fast or too slow against a ticker. */
final class SkewedTicker implements Ticker {

  private final Ticker truth;
  volatile double ppm;

  SkewedTicker(Ticker truth) {
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
  public void after(Duration delay, Runnable task) {
    truth.after(delay, task);
  }
}
