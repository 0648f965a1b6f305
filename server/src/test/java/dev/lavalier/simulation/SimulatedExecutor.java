package dev.lavalier.simulation;

import java.util.List;
import java.util.concurrent.AbstractExecutorService;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;

/** An executor whose tasks run on simulated threads. It cannot be waited for. */
abstract class SimulatedExecutor extends AbstractExecutorService {

  private boolean shutDown;

  @Override
  public final void execute(Runnable task) {
    if (shutDown) {
      throw new RejectedExecutionException();
    }
    accept(task);
  }

  /** Runs a task later, or at once. */
  abstract void accept(Runnable task);

  @Override
  public final void shutdown() {
    shutDown = true;
  }

  /** Tasks that wait still run. */
  @Override
  public final List<Runnable> shutdownNow() {
    shutDown = true;
    return List.of();
  }

  @Override
  public final boolean isShutdown() {
    return shutDown;
  }

  @Override
  public final boolean isTerminated() {
    throw new UnsupportedOperationException();
  }

  @Override
  public final boolean awaitTermination(long timeout, TimeUnit unit) {
    throw new UnsupportedOperationException();
  }
}
