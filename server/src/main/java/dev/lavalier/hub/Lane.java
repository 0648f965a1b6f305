package dev.lavalier.hub;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * One serial executor, an event loop say, and the subscriptions that it serves. A reader wakes each
 * lane once for a frame, not once for each subscriber; the lane then drains them all.
 *
 * <p>{@link #wake} and {@link #execute} may be called from any thread and never block. Whatever
 * runs on a lane must not block either.
 */
public final class Lane {

  private final Executor executor;
  private final AtomicBoolean awake = new AtomicBoolean();
  private final List<Subscription> subscriptions = new ArrayList<>(); // the lane's thread alone

  /** Makes a lane on an executor that runs one task at a time, in order. */
  public Lane(Executor executor) {
    this.executor = executor;
  }

  /** Has every subscription drained soon. Calls before that happens count once. */
  void wake() {
    if (awake.compareAndSet(false, true)) {
      execute(this::drainAll);
    }
  }

  /** Runs a task on the lane; drops it where the lane has ended, and all calls with it. */
  public void execute(Runnable task) {
    try {
      executor.execute(task);
    } catch (RejectedExecutionException e) {
      // Its transport is gone, and the hub hears of each call's end by other ways.
    }
  }

  private void drainAll() {
    awake.set(false);
    // From the end, because a drain may remove its subscription.
    for (int i = subscriptions.size() - 1; i >= 0; i--) {
      subscriptions.get(i).drain();
    }
  }

  /** On the lane. */
  void add(Subscription subscription) {
    subscriptions.add(subscription);
  }

  /** On the lane. */
  void remove(Subscription subscription) {
    subscriptions.remove(subscription);
  }
}
