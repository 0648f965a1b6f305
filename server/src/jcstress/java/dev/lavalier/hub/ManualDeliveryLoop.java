package dev.lavalier.hub;

import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;

/**
 * A delivery loop that runs on the thread that calls {@link #run}: an actor of a stress test, and
 * then its arbiter. Tasks may be added from any thread and wait until then.
 */
public final class ManualDeliveryLoop {

  private final Queue<Runnable> tasks = new ConcurrentLinkedQueue<>();
  private final DeliveryLoop deliveryLoop = new DeliveryLoop(tasks::add);

  /** Returns the delivery loop. */
  public DeliveryLoop deliveryLoop() {
    return deliveryLoop;
  }

  /** Runs tasks in order until there are none; returns the number of tasks. */
  public int run() {
    int count = 0;
    while (runOne()) {
      count++;
    }
    return count;
  }

  /** Runs the oldest task; returns whether there was one. */
  boolean runOne() {
    Runnable task = tasks.poll();
    if (task != null) {
      task.run();
    }
    return task != null;
  }
}
