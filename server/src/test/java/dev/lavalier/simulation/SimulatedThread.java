package dev.lavalier.simulation;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.Executor;

/**
 * The tasks of one simulated thread, which run in order; or of a pool, which run in any order. A
 * {@link Scheduler} runs them.
 */
final class SimulatedThread implements Executor {

  private final Scheduler scheduler;
  private final String name;
  private final boolean serial;
  private final List<Runnable> tasks = new ArrayList<>();
  private int head; // the first task of a serial thread
  private long frozenUntil = Long.MIN_VALUE;
  private boolean ended;

  SimulatedThread(Scheduler scheduler, String name, boolean serial) {
    this.scheduler = scheduler;
    this.name = name;
    this.serial = serial;
  }

  String name() {
    return name;
  }

  @Override
  public void execute(Runnable task) {
    add(task);
  }

  void add(Runnable task) {
    if (!ended) {
      tasks.add(task);
      if (size() == 1) {
        scheduler.onChange(this);
      }
    }
  }

  /** Runs no task any more. */
  void end() {
    ended = true;
    tasks.clear();
    head = 0;
  }

  boolean isEnded() {
    return ended;
  }

  /** Runs no task before a steady time. */
  void freezeUntil(long nanos) {
    frozenUntil = Math.max(frozenUntil, nanos);
    scheduler.onChange(this);
  }

  /** Ends a freeze. */
  void thaw() {
    frozenUntil = Long.MIN_VALUE;
    scheduler.onChange(this);
  }

  long frozenUntil() {
    return frozenUntil;
  }

  boolean isFrozen() {
    return frozenUntil > scheduler.now();
  }

  boolean isReady(long now) {
    return head < tasks.size() && frozenUntil <= now;
  }

  int size() {
    return tasks.size() - head;
  }

  /** Removes the next task. */
  Runnable take(SplittableRandom random) {
    if (!serial) {
      int chosen = tasks.size() == 1 ? 0 : random.nextInt(tasks.size());
      Runnable last = tasks.remove(tasks.size() - 1);
      noteIfEmpty();
      return chosen == tasks.size() ? last : tasks.set(chosen, last);
    }
    Runnable task = tasks.get(head++);
    if (head == tasks.size()) {
      tasks.clear();
      head = 0;
      noteIfEmpty();
    }
    return task;
  }

  private void noteIfEmpty() {
    if (tasks.isEmpty()) {
      scheduler.onChange(this);
    }
  }

  @Override
  public String toString() {
    return name;
  }
}
