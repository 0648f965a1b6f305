package dev.lavalier.netty;

import dev.lavalier.common.WorkBudget;
import io.netty.util.concurrent.EventExecutor;
import java.util.Comparator;
import java.util.PriorityQueue;
import java.util.Queue;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * Limits the time that one event loop spends on what its peers send to half of the time that
 * passes. The other half is for other work, for example for sending frames.
 *
 * <p>The connections share this time by start-time fair queueing (Goyal, Vin, Cheng: SIGCOMM 1996):
 * the one whose turn starts at the earliest virtual time is next. A connection that has sent little
 * starts up to 10 ms earlier, so its messages, such as one for each frame that it reads, do not
 * wait behind those that send much.
 *
 * <p>Elapsed time counts, not processor time: if the loop waits for a processor, its other work
 * waits too. Used only on the event loop.
 */
final class ReadScheduler {

  private static final double SHARE = 0.5;

  /** How long reads may take at once after a pause. Frames are late by no more than this. */
  private static final long MAX_BURST_NANOS = 10_000_000;

  private static final long PAUSE_NANOS = 1_000_000;

  /** A turn of a connection that waits or can wait. */
  static final class Turn {

    private final ConnectionReads reads;
    private final Runnable work;
    private long start; // virtual
    private long number; // of two turns with the same start, the earlier one is first

    Turn(ConnectionReads reads, Runnable work) {
      this.reads = reads;
      this.work = work;
    }
  }

  private final EventExecutor loop;
  private final LongSupplier nanoTime;
  private final WorkBudget budget;
  private final Queue<Turn> waiting =
      new PriorityQueue<>(
          Comparator.<Turn>comparingLong(turn -> turn.start)
              .thenComparingLong(turn -> turn.number));
  private long turns;
  private long virtualNow; // the start of the last turn
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

  /** Runs a turn of a connection now, if time is left and no other connection is before it. */
  boolean tryRun(ConnectionReads reads, Runnable work) {
    long start = reads.startOfTurn(virtualNow);
    Turn first = waiting.peek();
    if ((first != null && first.start <= start) || isSpent()) {
      return false;
    }
    run(reads, start, work);
    return true;
  }

  /** Schedules a turn that does not wait yet. */
  void schedule(Turn turn) {
    turn.start = turn.reads.startOfTurn(virtualNow);
    turn.number = turns++;
    waiting.add(turn);
    scheduleNext();
  }

  /** Cancels the turn of a connection that was closed. */
  void cancel(Turn turn) {
    waiting.remove(turn);
  }

  private boolean isSpent() {
    long now = nanoTime.getAsLong();
    budget.accrue(now - accruedAt);
    accruedAt = now;
    return budget.isSpent();
  }

  /**
   * Runs a turn. It can be a part of another turn of the same connection, whose time until now then
   * counts first.
   */
  private void run(ConnectionReads reads, long start, Runnable work) {
    boolean isPart = running;
    if (isPart) {
      reads.use(budget.stop());
    } else {
      virtualNow = Math.max(virtualNow, start);
    }
    running = true;
    budget.start();
    try {
      work.run();
    } finally {
      reads.use(budget.stop());
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
    try {
      Turn turn = isSpent() ? null : waiting.poll();
      if (turn != null) {
        run(turn.reads, turn.start, turn.work);
      }
    } finally {
      scheduleNext(); // also if the turn has failed
    }
  }
}
