package dev.lavalier.simulation;

import static org.assertj.core.api.Assertions.fail;

import dev.lavalier.simulation.Simulation.Failure;
import dev.lavalier.testing.SlowTest;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Runs the simulation with consecutive seeds. */
@Timeout(value = 2, unit = TimeUnit.HOURS) // for any number of seeds
final class SimulationTest {

  private static final long FIRST = Long.getLong("simulation.first", 1);

  @Test
  void invariantsHold() {
    run(Long.getLong("simulation.seeds", 300));
  }

  @SlowTest
  @Test
  void invariantsHoldForManySeeds() {
    run(Long.getLong("simulation.seeds", 1_500));
  }

  private static void run(long seeds) {
    Failure failure =
        SimulationRunner.run(Simulation::run, FIRST, seeds, 1).stream().findFirst().orElse(null);
    if (failure != null) {
      fail(SimulationRunner.describe(Simulation::run, failure));
    }
  }
}
