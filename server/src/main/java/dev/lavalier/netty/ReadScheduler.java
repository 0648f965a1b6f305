package dev.lavalier.netty;

import dev.lavalier.common.WorkBudget;
import io.netty.util.concurrent.EventExecutor;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * Limits the time that one event loop spends on what its peers send to half of the time that
 * passes. The other half is for other work, for example for sending frames. Connections that have
 * sent more take turns.
 *
 * <p>Elapsed time counts, not processor time: if the loop waits for a processor, its other work
 * waits too. Used only on the event loop.
 */
final class ReadScheduler {

  private static final double SHARE = 0.5;

  /** How long reads may take at once after a pause. Frames are late by no more than this. */
  private static final long MAX_BURST_NANOS = 10_000_000;

  private static final long PAUSE_NANOS = 1_000_000;

  private final EventExecutor loop;
  private final LongSupplier nanoTime;
  private final WorkBudget budget;
  private final Set<Runnable> waiting = new LinkedHashSet<>(); // the first has waited the longest
  private long accruedAt;
  private boolean scheduled; // the next turn
  private boolean running; // a turn

  /**
   * Creates a scheduler.
   *
   * @param nanoTime returns the steady time
   */
  ReadScheduler(EventExecutor loop, LongSupplier nanoTime) {
    this.loop = loop;
    this.nanoTime = nanoTime;
    this.budget = new WorkBudget(SHARE, MAX_BURST_NANOS, MAX_BURST_NANOS, nanoTime);
    this.accruedAt = nanoTime.getAsLong();
  }

  /** Runs a turn of a connection now, if time is left and no other connection waits. */
  boolean tryRun(Runnable turn) {
    if (!waiting.isEmpty() || isSpent()) {
      return false;
    }
    run(turn);
    return true;
  }

  /** Schedules a turn of a connection, after those that wait already. */
  void schedule(Runnable turn) {
    waiting.add(turn);
    scheduleNext();
  }

  /** Cancels the turn of a connection that was closed. */
  void cancel(Runnable turn) {
    waiting.remove(turn);
  }

  private boolean isSpent() {
    long now = nanoTime.getAsLong();
    budget.accrue(now - accruedAt);
    accruedAt = now;
    return budget.isSpent();
  }

  /** Runs a turn. It can be a part of another one, whose time until now then counts first. */
  private void run(Runnable turn) {
    boolean isPart = running;
    if (isPart) {
      budget.stop();
    }
    running = true;
    budget.start();
    try {
      turn.run();
    } finally {
      budget.stop();
      running = isPart;
      if (isPart) {
        budget.start();
      }
    }
  }

  private void scheduleNext() {
    if (scheduled || waiting.isEmpty()) {
      return;
    }
    scheduled = true;
    if (isSpent()) {
      var unused = loop.schedule(this::runNext, PAUSE_NANOS, TimeUnit.NANOSECONDS);
    } else {
      loop.execute(this::runNext);
    }
  }

  private void runNext() {
    scheduled = false;
    if (!isSpent()) {
      var turns = waiting.iterator();
      if (turns.hasNext()) {
        Runnable turn = turns.next();
        turns.remove();
        run(turn);
      }
    }
    scheduleNext();
  }
}
