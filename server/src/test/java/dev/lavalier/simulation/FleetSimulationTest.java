package dev.lavalier.simulation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import dev.lavalier.simulation.Simulation.Failure;
import dev.lavalier.simulation.SimulationRunner.Seeded;
import dev.lavalier.testing.SlowTest;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Runs the simulation of small and of large fleets with consecutive seeds. */
@Timeout(value = 2, unit = TimeUnit.HOURS) // for any number of seeds
final class FleetSimulationTest {

  private static final long FIRST = Long.getLong("fleet.first", 1);

  /** What happens in 30 seeds. */
  private static final List<String> EVENTS =
      List.of(
          "clones",
          "edge restarts",
          "ends NOT_PERMITTED",
          "gaps DEVICE_LOST",
          "gaps DEVICE_OVERRUN",
          "gaps NOT_KEPT",
          "gaps SLOW_SUBSCRIBER",
          "gaps UPSTREAM",
          "node restarts",
          "node restarts with an earlier clock");

  private final FleetCounts counts = new FleetCounts();

  @Test
  void invariantsHold() {
    long seeds = Long.getLong("fleet.seeds", 30);
    run(FleetSimulation.small(counts), seeds);
    if (seeds >= 30) {
      for (String each : EVENTS) {
        assertThat(counts.of(each)).as(each).isPositive();
      }
    }
  }

  @SlowTest
  @Test
  void invariantsHoldForManySeeds() {
    run(FleetSimulation.small(counts), Long.getLong("fleet.seeds", 60));
  }

  @Test
  void invariantsHoldInALargeFleet() {
    runLarge(6);
  }

  @SlowTest
  @Test
  void invariantsHoldInALargeFleetForLong() {
    runLarge(10);
  }

  private void runLarge(double seconds) {
    int subscribers = Integer.getInteger("fleet.scale.subscribers", 1_000);
    FleetSize size =
        FleetSize.large(
            Integer.getInteger("fleet.scale.nodes", 100),
            Integer.getInteger("fleet.scale.edges", 10),
            subscribers,
            Double.parseDouble(System.getProperty("fleet.scale.seconds", "" + seconds)));
    long start = System.nanoTime();
    run(FleetSimulation.ofSize(size, counts), Long.getLong("fleet.scale.seeds", 1));
    System.out.printf("%s in %.1f s: %s%n", size, (System.nanoTime() - start) / 1e9, counts);
    assertThat(counts.frames).isGreaterThan(10L * subscribers);
  }

  private static void run(Seeded simulation, long seeds) {
    Failure failure =
        SimulationRunner.run(simulation, FIRST, seeds, 1).stream().findFirst().orElse(null);
    if (failure != null) {
      fail(SimulationRunner.describe(simulation, failure));
    }
  }
}
