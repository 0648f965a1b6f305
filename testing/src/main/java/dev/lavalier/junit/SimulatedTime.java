package dev.lavalier.junit;

import dev.lavalier.common.FailureLog;
import dev.lavalier.common.TimeSource;
import java.time.Duration;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.IntSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;

/**
 * Time that passes only in {@link #advance}, and not before the server has done all its work of the
 * current time: its executors are idle, and its capture threads wait. So a slow machine changes
 * nothing. Safe for use from any thread.
 */
final class SimulatedTime implements TimeSource {

  /** The time passes in steps of the server's period. */
  static final Duration STEP = Duration.ofMillis(10);

  private static final long START_NANOS = 1_000_000_000L;
  private static final long START_UNIX_NANOS = 1_700_000_000_000_000_000L;

  /** A callback of the test may block. After this real time, the time passes in spite of it. */
  private static final long IDLE_TIMEOUT_NANOS = TimeUnit.SECONDS.toNanos(10);

  private record Task(long at, long number, Runnable run) {}

  private final FailureLog failures =
      new FailureLog(this, LoggerFactory.getLogger(SimulatedTime.class), "a scheduled task");
  private final IntSupplier captureThreads;
  private final Object steps = new Object(); // held while the time passes

  // Guarded by this.
  private final Map<Thread, Long> sleepers = new HashMap<>(); // and their deadlines
  private final PriorityQueue<Task> tasks =
      new PriorityQueue<>(Comparator.comparingLong(Task::at).thenComparingLong(Task::number));
  private long taskCount;
  private int unfinished; // tasks of the executors
  private long now = START_NANOS;

  /**
   * Creates a time.
   *
   * @param captureThreads returns how many threads wait in {@link #parkUntil} when they are idle
   */
  SimulatedTime(IntSupplier captureThreads) {
    this.captureThreads = captureThreads;
  }

  @Override
  public synchronized long nanoTime() {
    return now;
  }

  @Override
  public synchronized long unixNanos() {
    return START_UNIX_NANOS + now;
  }

  @Override
  public void parkUntil(long deadline) {
    synchronized (this) {
      if (deadline <= now) {
        return;
      }
      sleepers.put(Thread.currentThread(), deadline);
      notifyAll();
    }
    LockSupport.park(this);
    synchronized (this) {
      sleepers.remove(Thread.currentThread());
    }
  }

  @Override
  public synchronized void schedule(Duration delay, Runnable task) {
    tasks.add(new Task(now + delay.toNanos(), taskCount++, task));
  }

  /** Creates an executor with a thread for each task, whose work takes no time. */
  ExecutorService newExecutor() {
    return new ThreadPoolExecutor(
        0, Integer.MAX_VALUE, 10, TimeUnit.SECONDS, new SynchronousQueue<>(), Threads::daemon) {
      @Override
      public void execute(Runnable task) {
        changeUnfinished(1);
        try {
          super.execute(task);
        } catch (RejectedExecutionException e) {
          changeUnfinished(-1);
          throw e;
        }
      }

      @Override
      protected void afterExecute(Runnable task, @Nullable Throwable failure) {
        changeUnfinished(-1);
      }
    };
  }

  private synchronized void changeUnfinished(int by) {
    unfinished += by;
    if (unfinished == 0) {
      notifyAll();
    }
  }

  /** Lets time pass, in steps. Returns when the server has done all its work. */
  void advance(Duration by) throws InterruptedException {
    synchronized (steps) {
      awaitIdle();
      long end = nanoTime() + by.toNanos();
      long left;
      while ((left = end - nanoTime()) > 0) {
        step(Math.min(left, STEP.toNanos()));
      }
    }
  }

  private void step(long nanos) throws InterruptedException {
    wakeSleepers(nanos);
    awaitIdle();
    Task due;
    while ((due = nextDue()) != null) {
      try {
        due.run().run();
      } catch (RuntimeException | Error e) { // the time must not stop
        failures.report("a scheduled task", e);
      }
      awaitIdle();
    }
  }

  private synchronized void wakeSleepers(long nanos) {
    now += nanos;
    sleepers.forEach(
        (thread, deadline) -> {
          if (deadline <= now) {
            LockSupport.unpark(thread);
          }
        });
  }

  private synchronized @Nullable Task nextDue() {
    Task next = tasks.peek();
    return next == null || next.at() > now ? null : tasks.remove();
  }

  private synchronized void awaitIdle() throws InterruptedException {
    long end = System.nanoTime() + IDLE_TIMEOUT_NANOS;
    while (!isIdle() && System.nanoTime() < end) {
      wait(1); // there is no notification when a capture thread starts or ends
    }
  }

  private boolean isIdle() {
    return unfinished == 0
        && sleepers.values().stream().filter(deadline -> deadline > now).count()
            >= captureThreads.getAsInt();
  }
}
