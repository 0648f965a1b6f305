package dev.lavalier.simulation;

import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import org.jspecify.annotations.Nullable;

/**
 * A task of a simulated thread that can wait for something, such as an answer. It has a Java thread
 * of its own, because the tasks that it waits for run in the meantime. Either this thread or that
 * of the scheduler runs, so a seed still decides everything.
 */
final class BlockingTask {

  private static final ExecutorService THREADS =
      Executors.newCachedThreadPool(
          task -> {
            Thread thread = new Thread(task, "simulated-call");
            thread.setDaemon(true);
            return thread;
          });

  private static final ThreadLocal<BlockingTask> CURRENT = new ThreadLocal<>();

  private final Scheduler scheduler;
  private final SimulatedThread thread;
  private final Runnable task;
  private final Semaphore turn = new Semaphore(0); // of this task
  private final Semaphore back = new Semaphore(0); // the turn of the scheduler
  private @Nullable Throwable failure;
  private boolean ended;
  private boolean interrupted;

  BlockingTask(Scheduler scheduler, SimulatedThread thread, Runnable task) {
    this.scheduler = scheduler;
    this.thread = thread;
    this.task = task;
  }

  /** Returns the task that runs. */
  static BlockingTask current() {
    BlockingTask current = CURRENT.get();
    if (current == null) {
      throw new IllegalStateException("a task that cannot wait makes a request");
    }
    return current;
  }

  /** Runs the task until it waits or has ended. Called by the scheduler. */
  void start() {
    THREADS.execute(
        () -> {
          turn.acquireUninterruptibly();
          CURRENT.set(this);
          try {
            task.run();
          } catch (RuntimeException | Error e) {
            failure = e;
          } finally {
            CURRENT.remove();
            ended = true;
            back.release();
          }
        });
    resume();
  }

  boolean isEnded() {
    return ended;
  }

  private void resume() {
    if (ended) {
      return;
    }
    turn.release();
    back.acquireUninterruptibly();
    if (failure != null) {
      throw new IllegalStateException(failure);
    }
  }

  /** Continues the task, which checks whether it has to wait longer. */
  void wake() {
    thread.execute(this::resume);
  }

  /** Continues the task at a steady time, if it has not ended. */
  void wakeAt(long nanos) {
    scheduler.at(nanos, thread, this::resume);
  }

  /** Waits until somebody calls {@link #wake}. Called by the task. */
  void await() throws InterruptedException {
    back.release();
    turn.acquireUninterruptibly();
    if (interrupted) {
      throw new InterruptedException();
    }
  }

  /** Lets the task end, because its machine was killed. */
  void interrupt() {
    interrupted = true;
    scheduler.run(thread, this::resume);
  }
}
