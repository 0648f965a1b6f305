package dev.lavalier.audio;

import java.time.Instant;
import java.util.concurrent.locks.LockSupport;

/**
 * The clock that audio is measured against. Everything that waits or stamps takes one, so that a
 * test can own the time. Safe for use from any thread.
 */
public interface Ticker {

  /** Returns a steady count of nanoseconds with an arbitrary origin. */
  long nanoTime();

  /** Returns the time of day, in nanoseconds since 1970-01-01T00:00Z. */
  long unixNanos();

  /**
   * Waits until {@link #nanoTime} reaches {@code deadline}. Like {@link LockSupport#park} it may
   * return early: at {@code unpark}, at an interrupt, or for no reason. Callers look again.
   */
  void parkUntil(long deadline);

  /** Returns the machine's own clock. */
  static Ticker system() {
    return SystemTicker.INSTANCE;
  }

  /** The machine's clock. */
  enum SystemTicker implements Ticker {
    /** The only one. */
    INSTANCE;

    @Override
    public long nanoTime() {
      return System.nanoTime();
    }

    @Override
    public long unixNanos() {
      Instant now = Instant.now();
      return now.getEpochSecond() * 1_000_000_000L + now.getNano();
    }

    @Override
    public void parkUntil(long deadline) {
      long nanos = deadline - System.nanoTime();
      if (nanos > 0) {
        LockSupport.parkNanos(this, nanos);
      }
    }
  }
}
