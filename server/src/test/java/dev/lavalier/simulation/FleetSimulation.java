package dev.lavalier.simulation;

import static dev.lavalier.simulation.FleetServers.SECOND;

import java.util.List;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/**
 * One run of a fleet: nodes, edges and subscribers on a network with faults, in virtual time. A run
 * depends only on its size and its seed.
 */
final class FleetSimulation {

  /** An edge waits for an answer, and a node for an edge, for this long after the last fault. */
  private static final long ABANDONED_NANOS = 17 * SECOND;

  private static final int SUBSCRIPTION_WEIGHT = 7;
  private static final int LEAVE_WEIGHT = 3;
  private static final int PAUSE_WEIGHT = 3;
  private static final int GRANT_WEIGHT = 1;
  private static final int FAULT_WEIGHT = 14;

  private final SplittableRandom random;
  private final FleetSize size;
  private final Scheduler scheduler;
  private final FleetWorld world;
  private final FleetServers servers;
  private final FleetClients clients;
  private final FleetFaults faults;
  private final boolean faulty;

  private FleetSimulation(
      FleetSize size, SplittableRandom random, boolean tracing, FleetCounts counts) {
    this.random = random;
    this.size = size;
    this.scheduler = new Scheduler(random.split());
    this.world =
        new FleetWorld(
            scheduler,
            new Violations(scheduler, tracing),
            new FleetCapture.Registry(),
            new FleetGrants(),
            scheduler.newThread("operator", true),
            counts);
    TaskFailures.reportTo(world.violations());
    SimNetwork network = new SimNetwork(scheduler, random.split(), size.maxWaiting());
    this.faulty = random.nextInt(5) != 0;
    this.servers = new FleetServers(world, network, size, random.split());
    this.clients = new FleetClients(world, servers, size, random.split());
    this.faults = new FleetFaults(world, servers, clients, network, random.split());
  }

  /**
   * Runs seeds with small fleets.
   *
   * @param counts to which what happens is added
   */
  static SimulationRunner.Seeded small(FleetCounts counts) {
    return (seed, tracing) -> {
      SplittableRandom random = new SplittableRandom(seed);
      return new FleetSimulation(FleetSize.small(random), random, tracing, counts).run(seed);
    };
  }

  /** Runs seeds with fleets of a given size. */
  static SimulationRunner.Seeded ofSize(FleetSize size, FleetCounts counts) {
    return (seed, tracing) ->
        new FleetSimulation(size, new SplittableRandom(seed), tracing, counts).run(seed);
  }

  private Simulation.@Nullable Failure run(long seed) {
    try {
      run();
    } catch (RuntimeException | Error e) {
      world.check(false, () -> "a task failed: " + e);
    } finally {
      servers.kill();
    }
    String violation = world.violations().first();
    return violation == null
        ? null
        : new Simulation.Failure(seed, violation, world.violations().events());
  }

  private void run() {
    runFor(2 * SECOND); // the edges learn the devices
    servers
        .edges()
        .forEach(
            edge -> world.check(!edge.devices().list().isEmpty(), () -> edge + " lists nothing"));
    for (int i = 0; i < size.initialSubscribers(); i++) {
      clients.subscribe();
      runFor(SECOND / size.initialSubscribers());
    }
    long end = scheduler.now() + (long) (size.seconds() * SECOND);
    while (scheduler.now() < end && world.violations().first() == null) {
      act();
      runFor(random.nextLong(2 * size.actionNanos()));
    }
    heal();
    if (world.violations().first() != null) {
      return;
    }
    clients.leaveAll();
    runFor(Math.max(2 * SECOND, faults.endsAt() + ABANDONED_NANOS - scheduler.now()));
    servers.checkClosed();
  }

  private void runFor(long nanos) {
    long end = scheduler.now() + nanos;
    while (world.violations().first() == null && scheduler.now() < end) {
      scheduler.step(end);
    }
  }

  private void act() {
    int weights = SUBSCRIPTION_WEIGHT + LEAVE_WEIGHT + PAUSE_WEIGHT + GRANT_WEIGHT;
    int choice = random.nextInt(weights + (faulty ? FAULT_WEIGHT : 0));
    if (choice < SUBSCRIPTION_WEIGHT) {
      clients.subscribe();
    } else if ((choice -= SUBSCRIPTION_WEIGHT) < LEAVE_WEIGHT) {
      clients.leaveOne();
    } else if ((choice -= LEAVE_WEIGHT) < PAUSE_WEIGHT) {
      clients.pauseOne();
    } else if (choice - PAUSE_WEIGHT < GRANT_WEIGHT) {
      clients.changeGrant();
    } else {
      faults.cause();
    }
  }

  /** Waits until all faults have ended. Each subscriber must then get frames, or have ended. */
  private void heal() {
    world.trace(() -> "no more faults");
    runFor(Math.max(0, faults.endsAt() - scheduler.now()) + SECOND);
    long healed = scheduler.now();
    List<FleetSubscriber> waiting = List.of();
    for (int i = 0; i < 60 && world.violations().first() == null; i++) {
      runFor(SECOND);
      waiting = clients.waitingSince(healed);
      if (waiting.isEmpty()) {
        return;
      }
    }
    List<FleetSubscriber> left = waiting;
    world.check(left.isEmpty(), () -> "no frames after all faults ended: " + left);
  }
}
