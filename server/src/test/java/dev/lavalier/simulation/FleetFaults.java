package dev.lavalier.simulation;

import static dev.lavalier.simulation.FleetServers.SECOND;

import java.util.List;
import java.util.SplittableRandom;

/** The faults of a fleet: of its network, its machines, their clocks, and its microphones. */
final class FleetFaults {

  /** The time between two faults that concern all machines. */
  private static final long GLOBAL_INTERVAL_NANOS = 2 * SECOND;

  private final FleetWorld world;
  private final FleetServers servers;
  private final FleetClients clients;
  private final SimNetwork network;
  private final FleetIntruder intruder;
  private final SplittableRandom random;
  private long globalAt; // the last fault that concerns all machines
  private boolean disturbing;
  private long endsAt; // the end of the faults until now

  FleetFaults(
      FleetWorld world,
      FleetServers servers,
      FleetClients clients,
      SimNetwork network,
      SplittableRandom random) {
    this.world = world;
    this.servers = servers;
    this.clients = clients;
    this.network = network;
    this.intruder = new FleetIntruder(world, network, random.split());
    this.random = random;
  }

  private <T> T pick(List<T> from) {
    return from.get(random.nextInt(from.size()));
  }

  private void later(long nanos, Runnable task) {
    world.scheduler().at(world.scheduler().now() + lasts(nanos), world.operator(), task);
  }

  /** Notes how long a fault lasts. */
  private long lasts(long nanos) {
    endsAt = Math.max(endsAt, world.scheduler().now() + nanos);
    return nanos;
  }

  /** Returns when the last of the faults ends that were caused until now. */
  long endsAt() {
    return endsAt;
  }

  /** Causes one fault. */
  void cause() {
    var unused = lasts(0);
    switch (random.nextInt(14)) {
      case 0, 1 -> interrupt();
      case 2, 3 -> globally(this::disturb);
      case 4 -> globally(() -> network.restart(lasts(random.nextLong(8 * SECOND))));
      case 5 -> freeze();
      case 6 -> servers.restartNode(pick(servers.nodes()));
      case 7 -> restartEdge(pick(servers.edges()));
      case 8, 9 -> loseSamples();
      case 10 -> unplug(pick(servers.nodes()));
      case 11 -> servers.stepClock(random.nextInt(1_000));
      case 12 -> servers.cloneNode(pick(servers.nodes()));
      default -> intruder.act(pick(servers.nodes()).name);
    }
  }

  private void globally(Runnable fault) {
    if (world.scheduler().now() - globalAt >= GLOBAL_INTERVAL_NANOS) {
      globalAt = world.scheduler().now();
      fault.run();
    }
  }

  private FleetMachine anyMachine() {
    return random.nextBoolean() ? pick(servers.edges()).machine() : pick(servers.nodes()).machine();
  }

  private void interrupt() {
    FleetMachine machine = anyMachine();
    long nanos = lasts(random.nextLong(random.nextBoolean() ? 3 * SECOND : 9 * SECOND));
    boolean hold = random.nextBoolean();
    world.trace(
        () -> "%s is cut off for %d ms, hold %b".formatted(machine.name, nanos / 1_000_000, hold));
    machine.link.interrupt(nanos, hold);
  }

  /** Lets a machine receive nothing for a time. */
  private void freeze() {
    FleetMachine machine = anyMachine();
    long nanos = lasts(random.nextLong(3 * SECOND));
    world.trace(() -> "%s is frozen for %d ms".formatted(machine.name, nanos / 1_000_000));
    machine.link.freeze(nanos);
  }

  /** Loses, delays or disorders messages for some time. */
  private void disturb() {
    disturbing = true;
    network.disturb();
    network.lossProbability = random.nextInt(3) == 0 ? 0.3 * random.nextDouble() : 0;
    network.disorderProbability = random.nextInt(3) == 0 ? 0.3 * random.nextDouble() : 0;
    network.delayNanos = random.nextInt(3) == 0 ? random.nextLong(SECOND) : 0;
    world.trace(
        () ->
            "the network loses %.2f, disorders %.2f, delays by %d ms"
                .formatted(
                    network.lossProbability,
                    network.disorderProbability,
                    network.delayNanos / 1_000_000));
    later(random.nextLong(2 * SECOND), this::calm);
  }

  /** Ends the faults of the network. */
  void calm() {
    if (disturbing) {
      world.trace(() -> "the network is calm");
      disturbing = false;
      network.disturb();
      network.lossProbability = 0;
      network.disorderProbability = 0;
      network.delayNanos = 0;
    }
  }

  private void restartEdge(FleetServers.Edge edge) {
    clients.onKilled(edge);
    servers.restartEdge(edge);
  }

  private void loseSamples() {
    pick(servers.nodes()).current.microphones().loseSamples(1 + random.nextInt(2_000));
  }

  private void unplug(FleetServers.Node node) {
    FleetMicrophones microphones = node.current.microphones();
    world.trace(() -> node.name + " loses its microphones");
    microphones.setUnplugged(true);
    later(random.nextLong(3 * SECOND), () -> microphones.setUnplugged(false));
  }
}
