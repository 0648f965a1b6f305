package dev.lavalier.simulation;

/** The thread that polls the sound system. */
final class SimulatedRegistry extends SimulatedExecutor {

  private final SimulatedThread thread;
  private boolean started;

  SimulatedRegistry(Scheduler scheduler) {
    this.thread = scheduler.newThread("registry", true);
  }

  SimulatedThread thread() {
    return thread;
  }

  /** Runs the first poll at once, because the start of the devices waits for it. */
  @Override
  void accept(Runnable task) {
    if (started) {
      thread.add(task);
    } else {
      started = true;
      task.run();
    }
  }
}
