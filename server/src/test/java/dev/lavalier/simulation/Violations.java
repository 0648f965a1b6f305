package dev.lavalier.simulation;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The first violation of an invariant, and the events before it. A violation is recorded and not
 * thrown, because executors of the server catch what a task throws.
 */
final class Violations {

  private static final int MAX_EVENTS = 200;

  private final Scheduler scheduler;
  private final boolean tracing;
  private final Deque<String> events = new ArrayDeque<>();
  private @Nullable String first;

  Violations(Scheduler scheduler, boolean tracing) {
    this.scheduler = scheduler;
    this.tracing = tracing;
  }

  /** Records an event, if the run is traced. */
  void trace(Supplier<String> event) {
    if (tracing) {
      if (events.size() == MAX_EVENTS) {
        events.remove();
      }
      events.add(stamped(event.get()));
    }
  }

  /** Checks a condition that must hold. */
  void check(boolean condition, Supplier<String> otherwise) {
    if (!condition && first == null) {
      first = stamped(otherwise.get());
    }
  }

  private String stamped(String text) {
    return "%.6f s, step %d, %s: %s"
        .formatted(scheduler.now() / 1e9, scheduler.steps(), scheduler.current(), text);
  }

  /** Returns the first violation; null if there is none. */
  @Nullable String first() {
    return first;
  }

  List<String> events() {
    return new ArrayList<>(events);
  }
}
