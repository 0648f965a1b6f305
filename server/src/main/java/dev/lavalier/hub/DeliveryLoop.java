package dev.lavalier.hub;

import dev.lavalier.common.FailureLog;
import dev.lavalier.common.TimeSource;
import dev.lavalier.common.WorkBudget;
import dev.lavalier.pipeline.FrameListener;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.LoggerFactory;

/**
 * A serial executor, such as an event loop, and the subscriptions that it serves. The capture
 * thread wakes each delivery loop once per frame, not once per subscriber. The delivery loop then
 * sends the frames of all its subscriptions.
 *
 * <p>{@link #onFramesPublished} and {@link #execute} may be called from any thread and never block.
 * Tasks that run on a delivery loop must not block.
 */
public final class DeliveryLoop implements FrameListener {

  /** The share of the processor time that replays take at most. */
  private static final double REPLAY_SHARE = 0.5;

  private static final long MAX_REPLAY_BURST_NANOS = 20_000_000;

  private final Executor executor;
  private final TimeSource timeSource;
  private final FailureLog failures;
  private final AtomicBoolean wakeupPending = new AtomicBoolean();
  private final Runnable drainAll = this::drainAll; // created once, not for each frame
  private final Runnable drainNext = this::drainNext;
  private final Runnable runReplay = this::runReplay;

  // Used only on the delivery loop.
  private final List<Subscription> subscriptions = new ArrayList<>();
  private int remaining; // number of subscriptions that this round has not drained yet
  private final WorkBudget replayBudget;
  private final Set<Subscription> replays = new LinkedHashSet<>(); // that wait for a turn
  private boolean replayPending; // a task for the next of them was submitted
  private long replaysAccruedAt;
  private boolean anotherRound; // frames were published during this round

  /** Creates a delivery loop on an executor that runs one task at a time, in order. */
  public DeliveryLoop(Executor executor) {
    this(executor, TimeSource.system());
  }

  /**
   * Creates a delivery loop on an executor that runs one task at a time, in order.
   *
   * @param timeSource limits the rate at which failures of tasks are logged, and measures replays
   */
  public DeliveryLoop(Executor executor, TimeSource timeSource) {
    this.executor = executor;
    this.timeSource = timeSource;
    this.replayBudget =
        new WorkBudget(REPLAY_SHARE, MAX_REPLAY_BURST_NANOS, timeSource::threadCpuNanos);
    this.replaysAccruedAt = timeSource.nanoTime();
    this.failures =
        new FailureLog(
            timeSource, LoggerFactory.getLogger(DeliveryLoop.class), "a task of a delivery loop");
  }

  /**
   * Schedules the draining of all subscriptions. Calls before it starts count as one. May be called
   * from any thread.
   */
  @Override
  public void onFramesPublished() {
    if (wakeupPending.compareAndSet(false, true) && !submit(drainAll)) {
      wakeupPending.set(false);
    }
  }

  /**
   * Runs a task on the delivery loop. If it throws, that is logged. Drops the task if the executor
   * was shut down; all calls have then ended too.
   *
   * @return whether the executor accepted the task
   */
  public boolean execute(Runnable task) {
    return submit(
        () -> {
          try {
            task.run();
          } catch (RuntimeException | Error e) {
            report(e);
          }
        });
  }

  /** Runs a task of a subscription on the delivery loop. If it throws, the subscription ends. */
  void execute(Subscription subscription, Runnable task) {
    submit(() -> run(subscription, task));
  }

  private void run(Subscription subscription, Runnable task) {
    try {
      task.run();
    } catch (RuntimeException | Error e) {
      report(e);
      subscription.onFailure(e);
    }
  }

  /** Passes a task to the executor. The task must not throw. */
  boolean submit(Runnable task) {
    try {
      executor.execute(task);
      return true;
    } catch (RejectedExecutionException e) {
      // The transport was shut down. The hub is notified of the end of each call in other ways.
    } catch (RuntimeException | Error e) {
      report(e);
    }
    return false;
  }

  /** Logs the failure of a task. */
  void report(Throwable failure) {
    failures.report("a task of a delivery loop", failure);
  }

  private void drainAll() {
    wakeupPending.set(false);
    if (remaining > 0) {
      anotherRound = true; // finish this round first: an overloaded loop would serve only a few
    } else {
      remaining = subscriptions.size();
      drainNext();
    }
  }

  /**
   * Drains one subscription and schedules the next. In between, the transport sends the messages of
   * this subscription while its state is still in the processor's cache. The first subscription
   * therefore does not wait for the last.
   */
  private void drainNext() {
    // From the end, because draining may remove the subscription.
    remaining = Math.min(remaining, subscriptions.size()) - 1;
    if (remaining >= 0) {
      drain(subscriptions.get(remaining));
    }
    if (remaining <= 0) {
      remaining = anotherRound ? subscriptions.size() : 0;
      anotherRound = false;
    }
    if (remaining > 0 && !submit(drainNext)) {
      remaining = 0;
    }
  }

  /**
   * Schedules a turn of a subscription that reads the history. Such turns have a share of the
   * processor time. If it is used up, they wait until the next frames are published. Called on the
   * delivery loop.
   */
  void scheduleReplay(Subscription subscription) {
    replays.add(subscription);
    if (!replayPending) {
      replayPending = submit(runReplay);
    }
  }

  private void runReplay() {
    replayPending = false;
    long now = timeSource.nanoTime();
    replayBudget.accrue(now - replaysAccruedAt);
    replaysAccruedAt = now;
    Iterator<Subscription> waiting = replays.iterator(); // the first has waited the longest
    if (replayBudget.isSpent() || !waiting.hasNext()) {
      return;
    }
    Subscription subscription = waiting.next();
    waiting.remove();
    replayBudget.start();
    run(subscription, subscription::drainTurn);
    replayBudget.stop();
    if (!replays.isEmpty() && !replayPending) {
      replayPending = submit(runReplay);
    }
  }

  /** Sends the waiting frames of one subscription. Called on the delivery loop. */
  void drain(Subscription subscription) {
    try {
      subscription.drain();
    } catch (RuntimeException | Error e) {
      report(e);
      subscription.onFailure(e);
    }
  }

  /** Adds a subscription. Called on the delivery loop. */
  void add(Subscription subscription) {
    subscriptions.add(subscription);
  }

  /** Removes a subscription. Called on the delivery loop. */
  void remove(Subscription subscription) {
    subscriptions.remove(subscription);
    replays.remove(subscription);
  }
}
