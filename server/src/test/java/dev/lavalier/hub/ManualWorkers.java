package dev.lavalier.hub;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.AbstractExecutorService;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;

/**
 * Workers whose tasks the test runs, one at a time. Used by one thread. An InternalError stands for
 * an OutOfMemoryError, with which JUnit would end the run.
 */
final class ManualWorkers extends AbstractExecutorService {

  private final Deque<Runnable> tasks = new ArrayDeque<>();
  private boolean shutdown;

  /** The number of further tasks that are accepted before no thread can be created. */
  int threadsLeft = Integer.MAX_VALUE;

  @Override
  public void execute(Runnable task) {
    if (shutdown) {
      throw new RejectedExecutionException();
    }
    if (threadsLeft == 0) {
      throw new InternalError("unable to create native thread");
    }
    threadsLeft--;
    tasks.add(task);
  }

  int size() {
    return tasks.size();
  }

  Runnable takeNext() {
    return tasks.remove();
  }

  void runNext() {
    takeNext().run();
  }

  void runAll() {
    while (!tasks.isEmpty()) {
      tasks.remove().run();
    }
  }

  @Override
  public void shutdown() {
    shutdown = true;
  }

  @Override
  public List<Runnable> shutdownNow() {
    shutdown = true;
    return List.of();
  }

  @Override
  public boolean isShutdown() {
    return shutdown;
  }

  @Override
  public boolean isTerminated() {
    return shutdown;
  }

  @Override
  public boolean awaitTermination(long timeout, TimeUnit unit) {
    return true;
  }
}
