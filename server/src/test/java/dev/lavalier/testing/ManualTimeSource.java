package dev.lavalier.testing;

import dev.lavalier.common.TimeSource;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.PriorityQueue;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/**
 * Time that changes only when the test advances it. Threads that wait for a time park. {@link
 * #advance} wakes the threads whose deadline has passed, and returns only after they have finished
 * their work, so that time does not advance faster than a busy machine can work. Safe for use by
 * any thread.
 */
public final class ManualTimeSource implements TimeSource {

  private static final long START_UNIX_NANOS = 1_700_000_000_000_000_000L;
  private static final Duration REAL_TIMEOUT = Duration.ofSeconds(10);

  private record Sleeper(Thread thread, long deadline) {}

  private record Task(long at, long number, Runnable run) {}

  private final List<Sleeper> sleepers = new ArrayList<>();
  private final Set<Thread> woken = new HashSet<>(); // woken, and not asleep again yet
  private final PriorityQueue<Task> tasks =
      new PriorityQueue<>(Comparator.comparingLong(Task::at).thenComparingLong(Task::number));
  private long taskNumber;
  private long now = 1_000_000_000L;
  private long suspended;
  private long cpuNanos;
  private Runnable afterStep = () -> {};

  @Override
  public synchronized long nanoTime() {
    return now;
  }

  @Override
  public synchronized long unixNanos() {
    return START_UNIX_NANOS + now + suspended;
  }

  @Override
  public synchronized long suspendedNanos() {
    return suspended;
  }

  @Override
  public synchronized long threadCpuNanos() {
    return cpuNanos;
  }

  /** Lets the current thread use processor time. */
  public synchronized void useProcessor(Duration time) {
    cpuNanos += time.toNanos();
  }

  /** Lets the machine sleep for a time: only the wall clock continues. */
  public synchronized void suspend(Duration by) {
    suspended += by.toNanos();
  }

  @Override
  public void parkUntil(long deadline) {
    Sleeper sleeper = new Sleeper(Thread.currentThread(), deadline);
    synchronized (this) {
      if (deadline <= now) {
        return;
      }
      sleepers.add(sleeper);
      woken.remove(sleeper.thread());
      notifyAll();
    }
    LockSupport.park(this);
    synchronized (this) {
      sleepers.remove(sleeper);
      notifyAll();
    }
  }

  @Override
  public synchronized void schedule(Duration delay, Runnable task) {
    tasks.add(new Task(now + delay.toNanos(), taskNumber++, task));
  }

  /** Sets a task that {@link #advance} runs after each step, such as a wait for other threads. */
  void afterEachStep(Runnable task) {
    afterStep = task;
  }

  /**
   * Advances the time. Waits until each woken thread sleeps again, has ended or hangs, for at most
   * 1 s of real time. Then runs the due scheduled tasks on the caller's thread.
   */
  public void advance(Duration by) {
    wakeSleepers(by);
    awaitWoken();
    afterStep.run();
    Runnable task;
    while ((task = nextDue()) != null) {
      task.run();
    }
  }

  /**
   * Advances the time in steps of a period, 10 ms. Before each step and after the last one, waits
   * until {@code sleepers} threads have finished their work.
   */
  public void advance(Duration by, int sleepers) throws InterruptedException, TimeoutException {
    advance(by, Duration.ofMillis(10), sleepers);
  }

  /**
   * Advances the time by whole seconds. The last 20 ms of each second pass in steps of 1 ms, so
   * that readers poll as often as on a machine that is not busy, and measure the device's clock.
   */
  public void advanceSeconds(int seconds, int sleepers)
      throws InterruptedException, TimeoutException {
    for (int i = 0; i < seconds; i++) {
      advance(Duration.ofMillis(980), sleepers);
      advance(Duration.ofMillis(20), Duration.ofMillis(1), sleepers);
    }
  }

  private void advance(Duration by, Duration step, int sleepers)
      throws InterruptedException, TimeoutException {
    for (Duration left = by; !left.isZero(); left = left.minus(step)) {
      awaitSleepers(sleepers);
      advance(step);
    }
    awaitSleepers(sleepers);
  }

  /**
   * Advances the time in steps until a condition is true, for at most 10 s of real time.
   *
   * @param work what else to do after each step
   */
  void advanceUntil(Duration step, BooleanSupplier done, Runnable work) throws TimeoutException {
    long end = System.nanoTime() + REAL_TIMEOUT.toNanos();
    while (!done.getAsBoolean()) {
      if (System.nanoTime() > end) {
        throw new TimeoutException("condition not met at " + nanoTime() + " ns of the test's time");
      }
      advance(step);
      work.run();
    }
  }

  private synchronized Runnable nextDue() {
    Task next = tasks.peek();
    return next == null || next.at() > now ? null : tasks.remove().run();
  }

  private synchronized void wakeSleepers(Duration by) {
    now += by.toNanos();
    for (Sleeper sleeper : sleepers) {
      if (sleeper.deadline() <= now) {
        woken.add(sleeper.thread());
        LockSupport.unpark(sleeper.thread());
      }
    }
  }

  private synchronized void awaitWoken() {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(1);
    woken.removeIf(ManualTimeSource::isDone);
    while (!woken.isEmpty() && System.nanoTime() < end) {
      try {
        wait(1); // there is no notification when a thread ends or hangs
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return;
      }
      woken.removeIf(ManualTimeSource::isDone);
    }
    woken.clear();
  }

  /**
   * Returns true if the thread has ended, or if it is a scripted device that hangs. Only such a
   * device sleeps with a timeout.
   */
  private static boolean isDone(Thread thread) {
    return !thread.isAlive() || thread.getState() == Thread.State.TIMED_WAITING;
  }

  /**
   * Waits until {@code count} threads wait for a time in the future: until they have finished all
   * the work of the current time. Waits for at most 10 s of real time.
   */
  public synchronized void awaitSleepers(int count) throws InterruptedException, TimeoutException {
    long end = System.nanoTime() + REAL_TIMEOUT.toNanos();
    while (sleepers.stream().filter(s -> s.deadline() > now).count() != count) {
      long left = end - System.nanoTime();
      if (left <= 0) {
        throw new TimeoutException("sleepers: " + sleepers + " (expected: " + count + ")");
      }
      TimeUnit.NANOSECONDS.timedWait(this, left);
    }
  }
}
