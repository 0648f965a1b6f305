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
  private final List<SimulatedThread> ready = new ArrayList<>(); // have a task, and are not frozen
  private final List<SimulatedThread> waiting = new ArrayList<>(); // have a task, and are frozen
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

  /** Removes a thread that has ended. Its tasks do not run, nor those that are added later. */
  void remove(SimulatedThread thread) {
    thread.end();
    threads.remove(thread);
    ready.remove(thread);
    waiting.remove(thread);
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
    if (!thread.isEnded()) {
      timed.add(new Timed(nanos, timedNumber++, thread, task));
    }
  }

  /** Returns the number of tasks that can run now or when their thread is not frozen any more. */
  int readyTasks() {
    return threads.stream().mapToInt(SimulatedThread::size).sum();
  }

  /** Notes that a thread has its first task, or no task any more, or was frozen. */
  void onChange(SimulatedThread thread) {
    update(ready, thread, thread.isReady(now));
    update(waiting, thread, thread.size() > 0 && thread.isFrozen());
  }

  private static void update(
      List<SimulatedThread> list, SimulatedThread thread, boolean contained) {
    boolean contains = list.contains(thread);
    if (contained && !contains) {
      list.add(thread);
    } else if (contains && !contained) {
      list.remove(thread);
    }
  }

  /**
   * Runs one task, or advances the time to the next one.
   *
   * @param limit the time does not advance beyond this steady time
   * @return false if there is no task until {@code limit}
   */
  boolean step(long limit) {
    releaseDue();
    if (ready.isEmpty()) {
      return advance(limit);
    }
    if (slowProbability > 0 && random.nextDouble() < slowProbability) {
      now += delay();
      releaseDue();
    }
    run(ready.get(ready.size() == 1 ? 0 : random.nextInt(ready.size())));
    return true;
  }

  private long delay() {
    double scale = random.nextDouble();
    return (long) (maxSlowNanos * scale * scale * scale * scale);
  }

  private void run(SimulatedThread thread) {
    steps++;
    run(thread, thread.take(random));
  }

  /** Runs a task now, as a thread. */
  void run(SimulatedThread thread, Runnable task) {
    SimulatedThread previous = current;
    current = thread;
    try {
      task.run();
    } finally {
      current = previous;
    }
  }

  private boolean advance(long limit) {
    long next = timed.isEmpty() ? Long.MAX_VALUE : timed.peek().at();
    for (SimulatedThread thread : waiting) {
      next = Math.min(next, thread.frozenUntil());
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
    if (!waiting.isEmpty()) {
      List.copyOf(waiting).forEach(this::onChange);
    }
  }
}
