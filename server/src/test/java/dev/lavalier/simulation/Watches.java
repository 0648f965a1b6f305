package dev.lavalier.simulation;

import dev.lavalier.hub.Hub;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/** Creates random watches, lets them pause, cancels them, and revokes their access. */
final class Watches {

  private static final int MAX_WATCHES = 2;

  private final Hub hub;
  private final Environment env;
  private final List<SimulatedLoop> loops;
  private final SplittableRandom random;
  private final List<SimulatedWatch> active = new ArrayList<>();
  private int created;

  Watches(Hub hub, Environment env, List<SimulatedLoop> loops, SplittableRandom random) {
    this.hub = hub;
    this.env = env;
    this.loops = loops;
    this.random = random;
  }

  /** Does what one of the watchers decides to do. */
  void act() {
    check();
    int choice = random.nextInt(40);
    if (active.size() < MAX_WATCHES && choice < 10) {
      SimulatedWatch watch =
          new SimulatedWatch("w" + created++, hub, env, Scenario.pick(loops, random));
      active.add(watch);
      watch.start();
    } else if (!active.isEmpty() && choice < 16) {
      SimulatedWatch watch = Scenario.pick(active, random);
      switch (choice) {
        case 10 -> watch.cancel();
        case 11 -> watch.revoke();
        case 12, 13 -> watch.setReady(false);
        default -> watch.setReady(true);
      }
    }
  }

  /** Checks the watches whose loop has nothing to do. */
  void check() {
    active.removeIf(each -> !each.isActive());
    active.forEach(SimulatedWatch::checkUpToDate);
  }

  /** Checks that all watches have ended. */
  void checkEnd() {
    for (SimulatedWatch each : active) {
      env.violations().check(!each.isActive(), () -> each + " is still active after the stop");
    }
  }
}
