package dev.lavalier.simulation;

import dev.lavalier.simulation.SimulatedDevice.InjectedError;
import dev.lavalier.simulation.SimulatedDevice.InjectedException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongSupplier;

/**
 * The pool of the hub. It runs the messages of the device actors, and the calls into the sound
 * system. A call takes a random time, or hangs until {@link #releaseHangingCalls}.
 */
final class Workers extends SimulatedExecutor {

  /** The duration of a call that hangs. */
  static final long HANGS = Long.MAX_VALUE;

  private final Scheduler scheduler;
  private final SimulatedThread pool;
  private final LongSupplier callNanos;
  private final List<Runnable> hanging = new ArrayList<>();
  private int calls; // that have not completed
  private long lastCallAt = Long.MIN_VALUE;

  /**
   * Creates the pool.
   *
   * @param callNanos returns how long the next call takes, in nanoseconds
   */
  Workers(Scheduler scheduler, LongSupplier callNanos) {
    this.scheduler = scheduler;
    this.pool = scheduler.newThread("workers", false);
    this.callNanos = callNanos;
  }

  @Override
  void accept(Runnable task) {
    String owner = task.getClass().getName(); // of the lambda expression
    if (owner.contains(".Mailbox$")) {
      pool.add(task);
      return;
    } else if (!owner.contains(".DeviceCalls$")) {
      throw new IllegalArgumentException(owner + " (expected: messages, or a call)");
    }
    calls++;
    Runnable call =
        () -> {
          try {
            task.run();
          } catch (InjectedException | InjectedError e) {
            // the thread ends
          } finally {
            calls--;
            lastCallAt = scheduler.now();
          }
        };
    long nanos = callNanos.getAsLong();
    if (nanos == HANGS) {
      hanging.add(call);
    } else {
      scheduler.at(scheduler.now() + nanos, pool, call);
    }
  }

  void releaseHangingCalls() {
    hanging.forEach(pool::add);
    hanging.clear();
  }

  boolean hasHangingCalls() {
    return !hanging.isEmpty();
  }

  /** Returns whether a call into the sound system has not completed. */
  boolean isCalling() {
    return calls > 0;
  }

  /** Returns the steady time at which the last call completed. */
  long lastCallAt() {
    return lastCallAt;
  }
}
