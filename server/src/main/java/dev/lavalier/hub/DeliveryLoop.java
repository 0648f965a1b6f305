package dev.lavalier.hub;

import dev.lavalier.common.FailureLog;
import dev.lavalier.common.TimeSource;
import dev.lavalier.common.WorkBudget;
import dev.lavalier.pipeline.FrameListener;
import java.time.Duration;
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

  /** The share of the time that deferrable work takes at most. */
  private static final double DEFERRED_SHARE = 0.25;

  private static final long MAX_DEFERRED_BURST_NANOS = 20_000_000;

  private static final Duration DEFERRED_DELAY = Duration.ofMillis(10);

  /**
   * The maximum number of subscriptions that one task drains. The executor reads its sockets, and
   * runs other tasks, between tasks.
   */
  private static final int MAX_DRAINED_PER_TASK = 8;

  private final Executor executor;
  private final TimeSource timeSource;
  private final FailureLog failures;
  private final AtomicBoolean wakeupPending = new AtomicBoolean();
  private final Runnable drainAll = this::drainAll; // created once, not for each frame
  private final Runnable drainNext = this::drainNext;
  private final Runnable runDeferred = this::runDeferred;

  // Used only on the delivery loop.
  private final List<FrameDelivery> deliveries = new ArrayList<>();
  private int remaining; // number of subscriptions that this round has not drained yet
  private final WorkBudget deferredBudget;
  private final Set<Runnable> deferred = new LinkedHashSet<>();
  private boolean deferredPending; // a task for the next of them was submitted
  private long accruedAt;
  private boolean anotherRound; // frames were published during this round

  /** Creates a delivery loop on an executor that runs one task at a time, in order. */
  public DeliveryLoop(Executor executor) {
    this(executor, TimeSource.system());
  }

  /**
   * Creates a delivery loop on an executor that runs one task at a time, in order.
   *
   * @param timeSource limits the rate at which failures of tasks are logged, and measures
   *     deferrable work
   */
  public DeliveryLoop(Executor executor, TimeSource timeSource) {
    this.executor = executor;
    this.timeSource = timeSource;
    this.deferredBudget =
        new WorkBudget(
            DEFERRED_SHARE,
            MAX_DEFERRED_BURST_NANOS,
            timeSource::threadCpuNanos,
            timeSource::nanoTime);
    this.accruedAt = timeSource.nanoTime();
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

  /** Runs a task of a subscription. If it throws, the subscription ends. */
  void run(Subscription subscription, Runnable task) {
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
      remaining = deliveries.size();
      drainNext();
    }
  }

  /**
   * Drains subscriptions until one leaves messages to the transport, and schedules the rest. In
   * between, the transport sends the messages of this subscription while its state is still in the
   * processor's cache. The first subscription therefore does not wait for the last. A subscription
   * whose messages are flushed needs no task of the transport, so the next one follows at once.
   */
  private void drainNext() {
    boolean flushed = true;
    for (int drained = 0; flushed && remaining > 0 && drained < MAX_DRAINED_PER_TASK; drained++) {
      // From the end, because draining may remove the subscription.
      remaining = Math.min(remaining, deliveries.size()) - 1;
      if (remaining >= 0) {
        FrameDelivery delivery = deliveries.get(remaining);
        drain(delivery);
        flushed = delivery.isFlushed();
      }
    }
    if (remaining <= 0) {
      remaining = anotherRound ? deliveries.size() : 0;
      anotherRound = false;
    }
    if (remaining > 0 && !submit(drainNext)) {
      remaining = 0;
    }
  }

  /**
   * Schedules work that can wait: a turn of a replay, or an update of a watch. All of it together
   * has a share of the time, so that live frames are not late. Called on the delivery loop.
   *
   * @param work must not throw. While it waits, scheduling the same object again has no effect
   */
  void scheduleDeferrable(Runnable work) {
    deferred.add(work);
    if (!deferredPending) {
      deferredPending = submit(runDeferred);
    }
  }

  private void runDeferred() {
    deferredPending = false;
    long now = timeSource.nanoTime();
    deferredBudget.accrue(now - accruedAt);
    accruedAt = now;
    if (deferredBudget.isSpent()) {
      deferredPending = true;
      timeSource.schedule(DEFERRED_DELAY, () -> submit(runDeferred));
      return;
    }
    Iterator<Runnable> waiting = deferred.iterator(); // the first has waited the longest
    if (waiting.hasNext()) {
      Runnable work = waiting.next();
      waiting.remove();
      deferredBudget.start();
      work.run();
      deferredBudget.stop();
    }
    if (!deferred.isEmpty() && !deferredPending) {
      deferredPending = submit(runDeferred);
    }
  }

  /** Sends the waiting frames of one subscription. Called on the delivery loop. */
  void drain(FrameDelivery delivery) {
    try {
      delivery.drain();
    } catch (RuntimeException | Error e) {
      report(e);
      delivery.subscription().onFailure(e);
    }
  }

  /** Adds the frames of a subscription. Called on the delivery loop. */
  void add(FrameDelivery delivery) {
    deliveries.add(delivery);
  }

  /** Removes the frames of a subscription. Called on the delivery loop. */
  void remove(FrameDelivery delivery) {
    deliveries.remove(delivery);
  }
}
