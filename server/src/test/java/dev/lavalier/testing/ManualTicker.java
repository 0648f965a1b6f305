package dev.lavalier.testing;

import dev.lavalier.audio.Ticker;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;

/**
 * Time that stands still until the test moves it. Threads that wait by it park; {@link #advance}
 * wakes those whose time has come. Safe for use from any thread.
 */
public final class ManualTicker implements Ticker {

  private static final long START_UNIX_NANOS = 1_700_000_000_000_000_000L;
  private static final Duration REAL_BOUND = Duration.ofSeconds(10);

  private record Sleeper(Thread thread, long deadline) {}

  private final List<Sleeper> sleepers = new ArrayList<>();
  private long now = 1_000_000_000L;

  @Override
  public synchronized long nanoTime() {
    return now;
  }

  @Override
  public synchronized long unixNanos() {
    return START_UNIX_NANOS + now;
  }

  @Override
  public void parkUntil(long deadline) {
    Sleeper sleeper = new Sleeper(Thread.currentThread(), deadline);
    synchronized (this) {
      if (deadline <= now) {
        return;
      }
      sleepers.add(sleeper);
      notifyAll();
    }
    LockSupport.park(this);
    synchronized (this) {
      sleepers.remove(sleeper);
      notifyAll();
    }
  }

  /** Moves the time on. */
  public synchronized void advance(Duration by) {
    now += by.toNanos();
    for (Sleeper sleeper : sleepers) {
      if (sleeper.deadline() <= now) {
        LockSupport.unpark(sleeper.thread());
      }
    }
  }

  /**
   * Waits, in real time and for 10 s at most, until so many threads wait for a time that has not
   * come: until they have done all that they can do now.
   */
  public synchronized void awaitSleepers(int count) throws InterruptedException, TimeoutException {
    long end = System.nanoTime() + REAL_BOUND.toNanos();
    while (sleepers.stream().filter(s -> s.deadline() > now).count() != count) {
      long left = end - System.nanoTime();
      if (left <= 0) {
        throw new TimeoutException("sleepers: " + sleepers + " (expected: " + count + ")");
      }
      TimeUnit.NANOSECONDS.timedWait(this, left);
    }
  }
}
