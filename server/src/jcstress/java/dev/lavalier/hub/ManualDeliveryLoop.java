package dev.lavalier.hub;

import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;

/**
 * A lane whose thread is whichever calls {@link #run}: an actor of a stress test, and then its
 * arbiter. Tasks may come from any thread, as into an event loop, and wait until then.
 */
public final class ManualDeliveryLoop {

  private final Queue<Runnable> tasks = new ConcurrentLinkedQueue<>();
  private final DeliveryLoop deliveryLoop = new DeliveryLoop(tasks::add);

  /** Returns the lane. */
  public DeliveryLoop deliveryLoop() {
    return deliveryLoop;
  }

  /** Runs what has come, in order, until nothing is there; returns how many tasks that were. */
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
