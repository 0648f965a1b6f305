package dev.lavalier.simulation;

import java.util.function.Supplier;

/**
 * What all parts of a simulated fleet share.
 *
 * @param captures what the microphones of all nodes captured
 * @param grants which user is allowed to hear which node
 * @param operator runs what happens to the fleet later, such as the end of a fault
 * @param counts what has happened
 */
record FleetWorld(
    Scheduler scheduler,
    Violations violations,
    FleetCapture.Registry captures,
    FleetGrants grants,
    SimulatedThread operator,
    FleetCounts counts) {

  void check(boolean condition, Supplier<String> otherwise) {
    violations.check(condition, otherwise);
  }

  /** Counts an event, and records it if the run is traced. */
  void count(String event, Supplier<String> description) {
    counts.add(event);
    trace(description);
  }

  void trace(Supplier<String> event) {
    violations.trace(event);
  }
}
