package dev.lavalier.hub;

import dev.lavalier.pipeline.FrameListener;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * One serial executor, an event loop say, and the subscriptions that it serves. A reader wakes each
 * lane once for a frame, not once for each subscriber; the lane then drains them all.
 *
 * <p>{@link #onFramesPublished} and {@link #execute} may be called from any thread and never block.
 * Whatever runs on a lane must not block either.
 */
public final class DeliveryLoop implements FrameListener {

  private final Executor executor;
  private final AtomicBoolean wakeupPending = new AtomicBoolean();
  private final Runnable drainAll = this::drainAll; // made once, and not for each frame
  private final Runnable drainNext = this::drainNext;

  // The lane's thread alone.
  private final List<Subscription> subscriptions = new ArrayList<>();
  private int remaining; // of this round: the subscriptions below this place

  /** Makes a lane on an executor that runs one task at a time, in order. */
  public DeliveryLoop(Executor executor) {
    this.executor = executor;
  }

  /** Drains every subscription soon. Calls before that happens count once. From any thread. */
  @Override
  public void onFramesPublished() {
    if (wakeupPending.compareAndSet(false, true)) {
      execute(drainAll);
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
    wakeupPending.set(false);
    boolean inProgress = remaining > 0;
    remaining = subscriptions.size();
    if (!inProgress) {
      drainNext();
    }
  }

  /**
   * Drains one and comes again for the next: the transport then sends what it wrote before the next
   * one writes, while its state is still in the processor's cache, and the first need not wait for
   * the last.
   */
  private void drainNext() {
    try {
      // From the end, because a drain may remove its subscription.
      remaining = Math.min(remaining, subscriptions.size()) - 1;
      if (remaining >= 0) {
        subscriptions.get(remaining).drain();
      }
    } finally {
      if (remaining > 0) {
        execute(drainNext);
      } else {
        remaining = 0;
      }
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
