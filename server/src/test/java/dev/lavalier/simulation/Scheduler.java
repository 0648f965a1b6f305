package dev.lavalier.simulation;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;
import java.util.SplittableRandom;

/**
 * Runs the tasks of all simulated threads on the caller's thread, one at a time, in virtual time.
 * The seed determines which of the threads that have a task is next. Time passes only if no thread
 * has a task, or if the machine is slow.
 *
 * <p>A thread that is frozen does not run until a given time: it was descheduled, or hangs in a
 * call.
 */
final class Scheduler {

  private record Timed(long at, long number, SimulatedThread thread, Runnable task) {}

  private final SplittableRandom random;
  private final List<SimulatedThread> threads = new ArrayList<>();
  private final PriorityQueue<Timed> timed =
      new PriorityQueue<>(Comparator.comparingLong(Timed::at).thenComparingLong(Timed::number));
  private long now = 1_000_000_000L;
  private long timedNumber;
  private long steps;
  private SimulatedThread current;
  private double slowProbability; // of a delay before a task
  private long maxSlowNanos;

  Scheduler(SplittableRandom random) {
    this.random = random;
    this.current = newThread("simulation", true);
  }

  /** Creates a thread that runs its tasks in order, or a pool of threads if it is not serial. */
  SimulatedThread newThread(String name, boolean serial) {
    SimulatedThread thread = new SimulatedThread(this, name, serial);
    threads.add(thread);
    return thread;
  }

  /** Removes a thread that has ended. */
  void remove(SimulatedThread thread) {
    threads.remove(thread);
    timed.removeIf(each -> each.thread() == thread);
  }

  /** Returns the thread whose task runs. */
  SimulatedThread current() {
    return current;
  }

  /** Returns the number of the task that runs. */
  long steps() {
    return steps;
  }

  /** Returns the steady time in nanoseconds. */
  long now() {
    return now;
  }

  /** Lets time pass while a task runs. */
  void work(long nanos) {
    now += nanos;
  }

  /**
   * Makes the machine slow or fast.
   *
   * @param probability of a delay before each task
   * @param maxNanos the maximum delay; small delays are more frequent than long ones
   */
  void setSlowness(double probability, long maxNanos) {
    slowProbability = probability;
    maxSlowNanos = maxNanos;
  }

  /** Adds a task to a thread at a steady time. */
  void at(long nanos, SimulatedThread thread, Runnable task) {
    timed.add(new Timed(nanos, timedNumber++, thread, task));
  }

  /** Returns the number of tasks that can run now or when their thread is not frozen any more. */
  int readyTasks() {
    return threads.stream().mapToInt(SimulatedThread::size).sum();
  }

  /**
   * Runs one task, or advances the time to the next one.
   *
   * @param limit the time does not advance beyond this steady time
   * @return false if there is no task until {@code limit}
   */
  boolean step(long limit) {
    releaseDue();
    int ready = 0;
    for (SimulatedThread thread : threads) {
      if (thread.isReady(now)) {
        ready++;
      }
    }
    if (ready == 0) {
      return advance(limit);
    }
    if (slowProbability > 0 && random.nextDouble() < slowProbability) {
      now += delay();
      releaseDue();
    }
    int chosen = ready == 1 ? 0 : random.nextInt(ready);
    for (SimulatedThread thread : threads) {
      if (thread.isReady(now) && chosen-- == 0) {
        run(thread);
        return true;
      }
    }
    return true; // a delay made more threads ready, never fewer
  }

  private long delay() {
    double scale = random.nextDouble();
    return (long) (maxSlowNanos * scale * scale * scale * scale);
  }

  private void run(SimulatedThread thread) {
    steps++;
    SimulatedThread previous = current;
    current = thread;
    try {
      thread.take(random).run();
    } finally {
      current = previous;
    }
  }

  private boolean advance(long limit) {
    long next = timed.isEmpty() ? Long.MAX_VALUE : timed.peek().at();
    for (SimulatedThread thread : threads) {
      if (thread.size() > 0) {
        next = Math.min(next, thread.frozenUntil());
      }
    }
    if (next > limit) {
      now = Math.max(now, limit);
      return false;
    }
    now = Math.max(now, next);
    return true;
  }

  private void releaseDue() {
    while (!timed.isEmpty() && timed.peek().at() <= now) {
      Timed due = timed.remove();
      due.thread().add(due.task());
    }
  }
}
