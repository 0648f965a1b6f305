package dev.lavalier.hub;

import dev.lavalier.pipeline.FrameListener;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * A serial executor, such as an event loop, and the subscriptions that it serves. The capture
 * thread wakes each delivery loop once per frame, not once per subscriber. The delivery loop then
 * sends the frames of all its subscriptions.
 *
 * <p>{@link #onFramesPublished} and {@link #execute} may be called from any thread and never block.
 * Tasks that run on a delivery loop must not block.
 */
public final class DeliveryLoop implements FrameListener {

  private final Executor executor;
  private final AtomicBoolean wakeupPending = new AtomicBoolean();
  private final Runnable drainAll = this::drainAll; // created once, not for each frame
  private final Runnable drainNext = this::drainNext;

  // Used only on the delivery loop.
  private final List<Subscription> subscriptions = new ArrayList<>();
  private int remaining; // number of subscriptions that this round has not drained yet
  private boolean anotherRound; // frames were published during this round

  /** Creates a delivery loop on an executor that runs one task at a time, in order. */
  public DeliveryLoop(Executor executor) {
    this.executor = executor;
  }

  /**
   * Schedules the draining of all subscriptions. Calls before it starts count as one. May be called
   * from any thread.
   */
  @Override
  public void onFramesPublished() {
    if (wakeupPending.compareAndSet(false, true)) {
      execute(drainAll);
    }
  }

  /**
   * Runs a task on the delivery loop. Drops the task if the executor was shut down; all calls have
   * then ended too.
   */
  public void execute(Runnable task) {
    try {
      executor.execute(task);
    } catch (RejectedExecutionException e) {
      // The transport was shut down. The hub is notified of the end of each call in other ways.
    }
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
    try {
      // From the end, because draining may remove the subscription.
      remaining = Math.min(remaining, subscriptions.size()) - 1;
      if (remaining >= 0) {
        subscriptions.get(remaining).drain();
      }
    } finally {
      if (remaining <= 0) {
        remaining = anotherRound ? subscriptions.size() : 0;
        anotherRound = false;
      }
      if (remaining > 0) {
        execute(drainNext);
      }
    }
  }

  /** Adds a subscription. Called on the delivery loop. */
  void add(Subscription subscription) {
    subscriptions.add(subscription);
  }

  /** Removes a subscription. Called on the delivery loop. */
  void remove(Subscription subscription) {
    subscriptions.remove(subscription);
  }
}
