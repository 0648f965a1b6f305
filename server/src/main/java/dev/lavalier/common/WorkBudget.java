package dev.lavalier.common;

import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;

/**
 * Limits the time that one kind of work takes of a thread to a share of the time that passes. The
 * clocks decide what counts. With processor time, a thread that waits for a processor spends
 * nothing. With elapsed time, it does: other work of the thread waits too.
 *
 * <p>It is a token bucket: {@link #accrue} adds credit, and work between {@link #start} and {@link
 * #stop} uses it. The credit can become negative by one unit of work, and by the work of other
 * threads, which later time pays for.
 *
 * <p>Used by one thread, except {@link #runElsewhere} and {@link #usedShare}.
 */
public final class WorkBudget {

  /** The time constant of {@link #usedShare}: the first runs of new code take longer. */
  private static final double AVERAGED_NANOS = 5e9;

  /**
   * With both clocks, elapsed time counts up to this multiple of the processor time. A thread that
   * competes with this many others takes so long; a unit that takes longer was interrupted, for
   * example by a pause of the process.
   */
  private static final int MAX_SLOWDOWN = 4;

  private final double share;
  private final long maxCreditNanos;
  private final long maxUnitNanos;
  private final LongSupplier clock;
  private final LongSupplier elapsedClock;
  private long creditNanos;
  private long startedAt;
  private long startedAtElapsed;
  private long usedNanos; // since the last accrual
  private final AtomicLong elsewhereNanos = new AtomicLong(); // since the last accrual
  private volatile double usedShare;

  /**
   * Creates a budget with full credit.
   *
   * @param share the share of the time that passes, more than 0; 1 is one processor
   * @param maxCreditNanos the maximum credit in nanoseconds: how long the work may take at once
   *     after a pause
   * @param clock measures the work, in nanoseconds
   */
  public WorkBudget(double share, long maxCreditNanos, LongSupplier clock) {
    this(share, maxCreditNanos, Long.MAX_VALUE, clock, () -> 0);
  }

  /**
   * Creates a budget with full credit, for a thread whose other work must not wait.
   *
   * @param cpuClock the processor time of the thread, in nanoseconds
   * @param elapsedClock the steady time, in nanoseconds. It counts up to 4 times the processor time
   */
  public WorkBudget(
      double share, long maxCreditNanos, LongSupplier cpuClock, LongSupplier elapsedClock) {
    this(share, maxCreditNanos, Long.MAX_VALUE, cpuClock, elapsedClock);
  }

  /**
   * Creates a budget with full credit, for a clock that continues while the thread does not run.
   *
   * @param maxUnitNanos the most that one unit of work counts in nanoseconds. A longer one was
   *     interrupted, for example by a pause of the process
   */
  public WorkBudget(double share, long maxCreditNanos, long maxUnitNanos, LongSupplier clock) {
    this(share, maxCreditNanos, maxUnitNanos, clock, () -> 0);
  }

  private WorkBudget(
      double share,
      long maxCreditNanos,
      long maxUnitNanos,
      LongSupplier clock,
      LongSupplier elapsedClock) {
    this.share = share;
    this.maxCreditNanos = maxCreditNanos;
    this.maxUnitNanos = maxUnitNanos;
    this.clock = clock;
    this.elapsedClock = elapsedClock;
    this.creditNanos = maxCreditNanos;
  }

  /** Creates a budget that is never spent. */
  public static WorkBudget unlimited() {
    return new WorkBudget(1, 1, () -> 0);
  }

  /**
   * Runs a part of the work on another thread than the usual one. It counts from the next accrual
   * on.
   */
  public void runElsewhere(Runnable work) {
    long start = clock.getAsLong();
    try {
      work.run();
    } finally {
      long measured = Math.max(0, Math.min(maxUnitNanos, clock.getAsLong() - start));
      elsewhereNanos.addAndGet(measured);
    }
  }

  /** Adds the credit for {@code nanos} nanoseconds that have passed. */
  public void accrue(long nanos) {
    long elsewhere = elsewhereNanos.getAndSet(0);
    creditNanos -= elsewhere;
    usedNanos += elsewhere;
    creditNanos = (long) Math.min((double) maxCreditNanos, creditNanos + share * nanos);
    if (nanos > 0) {
      double average = usedShare;
      double weight = Math.min(1, nanos / AVERAGED_NANOS);
      usedShare = average + weight * ((double) usedNanos / nanos - average);
      usedNanos = 0;
    }
  }

  /** Returns whether no credit is left. */
  public boolean isSpent() {
    return creditNanos <= 0;
  }

  /** Returns whether less than a quarter of the maximum credit is left. */
  public boolean isLow() {
    return creditNanos < maxCreditNanos / 4;
  }

  /** Starts a unit of work on the current thread. */
  public void start() {
    startedAt = clock.getAsLong();
    startedAtElapsed = elapsedClock.getAsLong();
  }

  /** Ends the unit of work, on the same thread. Returns how much it counts, in nanoseconds. */
  public long stop() {
    long measured = Math.max(0, Math.min(maxUnitNanos, clock.getAsLong() - startedAt));
    long elapsed = elapsedClock.getAsLong() - startedAtElapsed;
    long nanos = Math.max(measured, Math.min(elapsed, MAX_SLOWDOWN * measured));
    creditNanos -= nanos;
    usedNanos += nanos;
    return nanos;
  }

  /**
   * Returns the share of the time that the work has taken, averaged over some seconds. May be
   * called from any thread.
   */
  public double usedShare() {
    return usedShare;
  }
}
