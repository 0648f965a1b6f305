package dev.lavalier.common;

import java.util.function.LongSupplier;

/**
 * Limits the time that one kind of work takes of a thread to a share of the time that passes. The
 * clock decides what counts. With processor time, a thread that waits for a processor spends
 * nothing. With elapsed time, it does.
 *
 * <p>It is a token bucket: {@link #accrue} adds credit, and work between {@link #start} and {@link
 * #stop} uses it. The credit can become negative by one unit of work, which later time pays for.
 *
 * <p>Used by one thread, except {@link #usedShare}.
 */
public final class WorkBudget {

  /** The time constant of {@link #usedShare}: the first runs of new code take longer. */
  private static final double AVERAGED_NANOS = 5e9;

  private final double share;
  private final long maxCreditNanos;
  private final long maxUnitNanos;
  private final LongSupplier clock;
  private long creditNanos;
  private long startedAt;
  private long usedNanos; // since the last accrual
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
    this(share, maxCreditNanos, Long.MAX_VALUE, clock);
  }

  /**
   * Creates a budget with full credit, for a clock that continues while the thread does not run.
   *
   * @param maxUnitNanos the most that one unit of work counts in nanoseconds. A longer one was
   *     interrupted, for example by a pause of the process
   */
  public WorkBudget(double share, long maxCreditNanos, long maxUnitNanos, LongSupplier clock) {
    this.share = share;
    this.maxCreditNanos = maxCreditNanos;
    this.maxUnitNanos = maxUnitNanos;
    this.clock = clock;
    this.creditNanos = maxCreditNanos;
  }

  /** Creates a budget that is never spent. */
  public static WorkBudget unlimited() {
    return new WorkBudget(1, 1, () -> 0);
  }

  /** Adds the credit for {@code nanos} nanoseconds that have passed. */
  public void accrue(long nanos) {
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

  /** Starts a unit of work on the current thread. */
  public void start() {
    startedAt = clock.getAsLong();
  }

  /** Ends the unit of work, on the same thread. */
  public void stop() {
    long nanos = Math.max(0, Math.min(maxUnitNanos, clock.getAsLong() - startedAt));
    creditNanos -= nanos;
    usedNanos += nanos;
  }

  /**
   * Returns the share of the time that the work has taken, averaged over some seconds. May be
   * called from any thread.
   */
  public double usedShare() {
    return usedShare;
  }
}
