package dev.lavalier.simulation;

import dev.lavalier.audio.PcmFormat;
import dev.lavalier.capture.DeviceDescriptor;
import dev.lavalier.common.StreamException;
import dev.lavalier.fleet.FleetDevices;
import dev.lavalier.fleet.NodeAgent;
import dev.lavalier.hub.DeviceState;
import dev.lavalier.hub.Hub;
import dev.lavalier.hub.HubConfig;
import dev.lavalier.hub.HubObserver;
import dev.lavalier.hub.OnDeviceLoss;
import dev.lavalier.hub.OverflowPolicy;
import dev.lavalier.hub.ResourceLimits;
import dev.lavalier.hub.Subscriber;
import dev.lavalier.hub.SubscriberLimits;
import dev.lavalier.hub.SubscriptionSpec;
import dev.lavalier.pipeline.FrameCodec;
import dev.lavalier.pipeline.StartFrom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/**
 * One run of a fleet: nodes, edges and subscribers on a network with faults, in virtual time. A run
 * depends only on its seed.
 */
final class FleetSimulation {

  private static final long SECOND = 1_000_000_000L;

  /** A device is closed this long after its leases have expired: a tick, and a call. */
  private static final long CLOSING_NANOS = SECOND;

  private static final long LEASE_NANOS = 5 * SECOND;

  private static final FrameCodec PCM = FrameCodec.stateless(frame -> frame.pcm().clone());

  /** A node, until it is killed. */
  private record Node(FleetMachine machine, FleetMicrophones microphones) {}

  /** An edge, until it is killed. */
  private record Edge(FleetMachine machine, FleetDevices devices, Hub hub) {}

  private final SplittableRandom random;
  private final Scheduler scheduler;
  private final Violations violations;
  private final SimNetwork network;
  private final boolean faulty;
  private final Duration history;
  private final Map<String, FleetMicrophones.Captured> epochs = new HashMap<>();
  private final Map<String, Node> nodes = new HashMap<>();
  private final List<Edge> edges = new ArrayList<>();
  private final List<FleetSubscriber> subscribers = new ArrayList<>();
  private final List<FleetSubscriber> ended = new ArrayList<>(); // positions to resume at
  private int machines;
  private int created;

  private FleetSimulation(long seed, boolean tracing) {
    this.random = new SplittableRandom(seed);
    this.scheduler = new Scheduler(random.split());
    this.violations = new Violations(scheduler, tracing);
    this.network = new SimNetwork(scheduler, random.split(), this::afterStep);
    this.faulty = random.nextInt(5) != 0;
    this.history = random.nextBoolean() ? Duration.ZERO : Duration.ofSeconds(2);
    int nodeCount = 1 + random.nextInt(3);
    for (int i = 0; i < nodeCount; i++) {
      startNode("node" + i);
    }
    int edgeCount = 1 + random.nextInt(3);
    for (int i = 0; i < edgeCount; i++) {
      startEdge("edge" + i);
    }
  }

  /**
   * Runs a seed.
   *
   * @param tracing whether the result contains the events before a violation
   * @return the violation; null if there is none
   */
  static Simulation.@Nullable Failure run(long seed, boolean tracing) {
    FleetSimulation simulation = new FleetSimulation(seed, tracing);
    TaskFailures.reportTo(simulation.violations);
    try {
      simulation.run();
    } catch (RuntimeException | Error e) {
      simulation.violations.check(false, () -> "a task failed: " + e);
      if (tracing) {
        e.printStackTrace();
      }
    }
    String violation = simulation.violations.first();
    return violation == null
        ? null
        : new Simulation.Failure(seed, violation, simulation.violations.events());
  }

  private FleetMachine machine(String name) {
    machines++;
    long wallError = (random.nextInt(601) - 300) * SECOND;
    return new FleetMachine(
        name, scheduler, network, machines * 1_000L * SECOND, wallError, random.split());
  }

  private void startNode(String name) {
    Node before = nodes.get(name);
    FleetMachine machine = machine(name);
    if (before != null) { // a machine keeps its wall clock
      machine.time.stepWallClock(before.machine().time.unixNanos() - machine.time.unixNanos());
    }
    int count = before == null ? 1 + random.nextInt(2) : before.microphones().list().size();
    FleetMicrophones microphones =
        new FleetMicrophones(machine, count, scheduler, violations, epochs);
    HubObserver observer =
        new HubObserver() {
          @Override
          public void onOpened(String deviceId, PcmFormat format, long epoch) {
            violations.trace(() -> name + " opens " + deviceId + ", epoch " + epoch);
            microphones.onOpened(deviceId, epoch);
          }
        };
    Hub hub = new Hub(microphones, machine.time, HubConfig.DEFAULTS, observer, machine.workers);
    NodeAgent agent =
        new NodeAgent(name, machines, id -> true, hub, machine.loop, machine.link, machine.time);
    nodes.put(name, new Node(machine, microphones));
    agent.start();
  }

  private void startEdge(String name) {
    FleetMachine machine = machine(name);
    FleetDevices devices = new FleetDevices(name, machine.link, machine.time);
    Hub hub =
        new Hub(
            devices,
            machine.time,
            new HubConfig(
                SubscriberLimits.DEFAULTS,
                ResourceLimits.NONE,
                Duration.ofSeconds(30),
                history,
                Set.of()),
            HubObserver.NONE,
            machine.workers);
    edges.add(new Edge(machine, devices, hub));
    devices.start();
  }

  private void run() {
    runFor(2 * SECOND); // the edges learn the devices
    edges.forEach(
        edge -> violations.check(!edge.devices().list().isEmpty(), () -> "an edge lists nothing"));
    long end = scheduler.now() + 5 * SECOND + random.nextLong(20 * SECOND);
    while (scheduler.now() < end && violations.first() == null) {
      act();
      runFor(random.nextLong(SECOND));
    }
    heal();
    leave();
  }

  private void runFor(long nanos) {
    long end = scheduler.now() + nanos;
    while (violations.first() == null && scheduler.now() < end && scheduler.step(end)) {
      afterStep();
    }
  }

  private void afterStep() {
    for (Map.Entry<String, Node> node : nodes.entrySet()) {
      for (String device : node.getValue().microphones().openDevices()) {
        long needed = network.neededAt(node.getKey(), device);
        violations.check(
            scheduler.now() - needed <= LEASE_NANOS + CLOSING_NANOS,
            () -> node.getKey() + "/" + device + " is open without a lease");
      }
    }
  }

  private void act() {
    int choice = random.nextInt(faulty ? 20 : 8);
    if (choice < 6) {
      subscribe();
    } else if (choice < 8) {
      leaveOne();
    } else if (choice < 10) {
      interrupt();
    } else if (choice < 12) {
      disturb();
    } else {
      fault(choice);
    }
  }

  private void fault(int choice) {
    switch (choice) {
      case 12 -> pick(edges).machine().link.freeze(random.nextLong(3 * SECOND));
      case 13 -> network.restart(random.nextLong(8 * SECOND));
      case 14 -> restartNode(pick(List.copyOf(nodes.keySet())));
      case 15 -> restartEdge(pick(edges));
      case 16, 17 ->
          pick(List.copyOf(nodes.values())).microphones().loseSamples(1 + random.nextInt(2_000));
      case 18 -> unplug(pick(List.copyOf(nodes.values())));
      default ->
          pick(List.copyOf(nodes.values()))
              .machine()
              .time
              .stepWallClock(random.nextLong(10 * SECOND)); // an epoch's number never shrinks
    }
  }

  private void interrupt() {
    FleetMachine machine =
        random.nextBoolean() ? pick(edges).machine() : pick(List.copyOf(nodes.values())).machine();
    long nanos = random.nextLong(random.nextBoolean() ? 3 * SECOND : 9 * SECOND);
    boolean hold = random.nextBoolean();
    violations.trace(
        () -> "%s is cut off for %d ms, hold %b".formatted(machine.name, nanos / 1_000_000, hold));
    machine.link.interrupt(nanos, hold);
  }

  /** Loses, delays or disorders messages for some time. */
  private void disturb() {
    network.disturb();
    network.lossProbability = random.nextInt(3) == 0 ? 0.3 * random.nextDouble() : 0;
    network.disorderProbability = random.nextInt(3) == 0 ? 0.3 * random.nextDouble() : 0;
    network.delayNanos = random.nextInt(3) == 0 ? random.nextLong(SECOND) : 0;
    runFor(random.nextLong(2 * SECOND));
    calm();
  }

  private void calm() {
    network.disturb();
    network.lossProbability = 0;
    network.disorderProbability = 0;
    network.delayNanos = 0;
  }

  private void restartNode(String name) {
    violations.trace(() -> name + " is killed");
    nodes.get(name).machine().kill();
    startNode(name);
  }

  private void restartEdge(Edge edge) {
    String name = edge.machine().name;
    violations.trace(() -> name + " is killed");
    edges.remove(edge);
    edge.machine().kill();
    subscribers.removeIf(
        each -> {
          if (each.edge == edge.machine()) {
            ended.add(each);
          }
          return each.edge == edge.machine();
        });
    startEdge(name);
  }

  private void unplug(Node node) {
    violations.trace(() -> node.machine().name + " loses its microphones");
    node.microphones().setUnplugged(true);
    runFor(random.nextLong(3 * SECOND));
    node.microphones().setUnplugged(false);
  }

  private <T> T pick(List<T> from) {
    return from.get(random.nextInt(from.size()));
  }

  private void subscribe() {
    Edge edge = pick(edges);
    List<DeviceDescriptor> devices = edge.devices().list();
    if (devices.isEmpty() || subscribers.size() >= 12) {
      return;
    }
    try {
      SubscriptionSpec spec = spec(pick(devices));
      String node = spec.deviceId().substring(0, spec.deviceId().indexOf('/'));
      FleetSubscriber subscriber =
          new FleetSubscriber(
              "s" + created++,
              edge.machine(),
              spec,
              scheduler,
              violations,
              epochs,
              () -> nodes.get(node).machine().link);
      violations.trace(
          () -> "%s subscribes %s on %s".formatted(subscriber, spec, edge.machine().name));
      subscriber.subscription =
          edge.hub()
              .subscribe(
                  new Subscriber("user", subscriber.name), spec, edge.machine().loop, subscriber);
      subscribers.add(subscriber);
    } catch (StreamException e) {
      violations.check(false, () -> "a subscription was refused: " + e.getMessage());
    }
  }

  private SubscriptionSpec spec(DeviceDescriptor device) throws StreamException {
    int frameSize = pick(List.of(40, 80, 160, 200));
    return SubscriptionSpec.resolve(
        device,
        new SubscriptionSpec.Request(
            frameSize,
            new SubscriptionSpec.RequestedFormat(Optional.empty(), 0, 0, List.of()),
            200,
            OverflowPolicy.DROP_OLDEST,
            random.nextInt(3) == 0 ? OnDeviceLoss.FAIL : OnDeviceLoss.WAIT,
            start(device.id(), frameSize),
            PCM,
            false));
  }

  /** Half of the subscriptions resume where another one ended, on any edge. */
  private StartFrom start(String device, int frameSize) {
    List<FleetSubscriber> earlier =
        ended.stream()
            .filter(each -> each.spec.deviceId().equals(device) && each.nextIndex > 0)
            .toList();
    if (earlier.isEmpty() || random.nextBoolean()) {
      return StartFrom.LIVE;
    }
    FleetSubscriber position = pick(earlier);
    long index = position.nextIndex / frameSize * frameSize;
    return new StartFrom.Resume(position.epoch, index);
  }

  private void leaveOne() {
    if (!subscribers.isEmpty()) {
      leave(pick(subscribers));
    }
  }

  private void leave(FleetSubscriber subscriber) {
    subscribers.remove(subscriber);
    ended.add(subscriber);
    if (subscriber.subscription != null) {
      violations.trace(() -> subscriber + " leaves");
      var unused = subscriber.subscription.cancel("left");
      subscriber.subscription = null;
    }
  }

  /** Ends all faults. Each subscriber must then get frames, or have ended. */
  private void heal() {
    violations.trace(() -> "all faults end");
    calm();
    runFor(10 * SECOND); // the last interruptions end
    long healed = scheduler.now();
    List<FleetSubscriber> waiting = List.of();
    for (int i = 0; i < 60 && violations.first() == null; i++) {
      runFor(SECOND);
      waiting =
          subscribers.stream()
              .filter(each -> each.subscription != null && each.lastFrameAt <= healed)
              .toList();
      if (waiting.isEmpty()) {
        return;
      }
    }
    List<FleetSubscriber> left = waiting;
    violations.check(left.isEmpty(), () -> "no frames after all faults ended: " + left);
  }

  /** All subscribers leave. The devices are then closed, on edges and nodes. */
  private void leave() {
    List.copyOf(subscribers).forEach(this::leave);
    runFor(2 * SECOND);
    for (Edge edge : edges) {
      edge.hub()
          .devices()
          .forEach(
              each ->
                  violations.check(
                      each.state() == DeviceState.CLOSED,
                      () -> edge.machine().name + " has " + each + " after all left"));
    }
    nodes.forEach(
        (name, node) ->
            violations.check(
                node.microphones().openDevices().isEmpty(),
                () -> name + " has open devices after all left"));
  }
}
