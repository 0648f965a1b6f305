package dev.lavalier.client;

import java.util.ArrayList;
import java.util.List;

/**
 * A timer and its clock. Time passes only in {@link #runNext}. For use by one thread; no thread may
 * wait by its time source.
 */
final class ManualTimer implements TimeSource.Timer {

  private record Task(Runnable task, long nanos) {}

  private final List<Task> tasks = new ArrayList<>();
  private long now = 77_000_000_000L;

  @Override
  public Runnable schedule(Runnable task, long nanos) {
    Task added = new Task(task, nanos);
    tasks.add(added);
    return () -> tasks.remove(added);
  }

  /** Returns a time source with this timer and without jitter. */
  TimeSource timeSource() {
    return new TimeSource(
        () -> now,
        (latch, nanos) -> {
          if (latch.getCount() > 0) {
            throw new AssertionError("a thread waits for %d ns".formatted(nanos));
          }
          return true;
        },
        () -> 1,
        this);
  }

  /** Returns the number of tasks that wait. */
  int size() {
    return tasks.size();
  }

  /** Lets the time of the only task pass, and runs it; returns the time in seconds. */
  double runNext() {
    if (tasks.size() != 1) {
      throw new AssertionError("%d tasks wait (expected: 1)".formatted(tasks.size()));
    }
    Task next = tasks.remove(0);
    now += next.nanos();
    next.task().run();
    return next.nanos() / 1e9;
  }
}
