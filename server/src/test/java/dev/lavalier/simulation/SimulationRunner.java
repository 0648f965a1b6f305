package dev.lavalier.simulation;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import dev.lavalier.simulation.Simulation.Failure;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;

/**
 * Runs many seeds: {@code SimulationRunner FIRST SEEDS [MAX_FAILURES]}. Prints the failures, each
 * with the events before it.
 */
final class SimulationRunner {

  private SimulationRunner() {}

  /** A simulation. */
  @FunctionalInterface
  interface Seeded {
    /** Runs a seed. Returns the failure, with the events before it if {@code tracing}. */
    @Nullable Failure run(long seed, boolean tracing);
  }

  /** Runs seeds until {@code maxFailures} have failed. Returns the failures. */
  static List<Failure> run(Seeded simulation, long first, long seeds, int maxFailures) {
    return withoutLog(
        () -> {
          List<Failure> failures = new ArrayList<>();
          for (long seed = first; seed < first + seeds && failures.size() < maxFailures; seed++) {
            Failure failure = run(simulation, seed);
            if (failure != null) {
              failures.add(failure);
            }
          }
          return failures;
        });
  }

  private static @Nullable Failure run(Seeded simulation, long seed) {
    try {
      return simulation.run(seed, false);
    } catch (Error e) { // out of memory
      return new Failure(seed, e.toString(), List.of());
    }
  }

  private static <T> T withoutLog(Supplier<T> task) {
    Logger log = (Logger) LoggerFactory.getLogger("dev.lavalier");
    Level level = log.getLevel();
    log.setLevel(Level.OFF); // the server logs each fault
    try {
      return task.get();
    } finally {
      log.setLevel(level);
    }
  }

  /** Replays a failure, and returns it with the events before it. */
  static String describe(Seeded simulation, Failure failure) {
    Failure replayed = withoutLog(() -> simulation.run(failure.seed(), true));
    if (replayed == null || !replayed.violation().equals(failure.violation())) {
      return "seed %d does not replay: %s, then %s".formatted(failure.seed(), failure, replayed);
    }
    return "seed %d: %s%nevents before:%n%s"
        .formatted(failure.seed(), failure.violation(), String.join("\n", replayed.events()));
  }

  /** Runs the seeds of the command line. */
  public static void main(String[] args) {
    long first = Long.parseLong(args[0]);
    long seeds = Long.parseLong(args[1]);
    int max = args.length > 2 ? Integer.parseInt(args[2]) : 1;
    long start = System.nanoTime();
    List<Failure> failures = run(Simulation::run, first, seeds, max);
    failures.forEach(each -> System.out.println(each.seed() + ": " + each.violation()));
    if (max == 1) {
      failures.forEach(each -> System.out.println(describe(Simulation::run, each)));
    }
    System.out.printf(
        "%d seeds from %d: %d failures, %.1f s%n",
        seeds, first, failures.size(), (System.nanoTime() - start) / 1e9);
  }
}
