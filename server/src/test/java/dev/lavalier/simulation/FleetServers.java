package dev.lavalier.simulation;

import dev.lavalier.audio.PcmFormat;
import dev.lavalier.fleet.FleetDevices;
import dev.lavalier.fleet.NodeAgent;
import dev.lavalier.hub.DeviceState;
import dev.lavalier.hub.Hub;
import dev.lavalier.hub.HubConfig;
import dev.lavalier.hub.HubObserver;
import dev.lavalier.hub.ResourceLimits;
import dev.lavalier.hub.SubscriberLimits;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/** The processes of a fleet: nodes, clones of nodes, and edges. Starts and kills them. */
final class FleetServers {

  static final long SECOND = 1_000_000_000L;

  /** The time of the network to deliver a heartbeat, and of a node to close its devices. */
  private static final long GIVE_UP_NANOS = 3 * SECOND;

  private final FleetWorld world;
  private final SimNetwork network;
  private final SplittableRandom random;
  private final FleetSize size;
  private final List<Node> nodes = new ArrayList<>();
  private final List<Edge> edges = new ArrayList<>();
  private int processes;

  FleetServers(FleetWorld world, SimNetwork network, FleetSize size, SplittableRandom random) {
    this.world = world;
    this.network = network;
    this.random = random;
    this.size = size;
    for (int i = 0; i < size.nodes(); i++) {
      Node node = new Node("node" + i, 1 + random.nextInt(2), random.nextInt(3) == 0, anyHistory());
      nodes.add(node);
      node.current = startNode(node, wallError());
    }
    for (int i = 0; i < size.edges(); i++) {
      edges.add(startEdge("edge" + i, wallError()));
    }
  }

  /** A node, which is one process after another. */
  static final class Node {
    final String name;
    private final int microphones;
    private final int rateHz;
    final Duration history;
    private long clonedAt = Long.MIN_VALUE;
    private long earlierDisturbedAt = Long.MIN_VALUE; // of processes that were killed
    private boolean setBack; // its clock was set back
    NodeProcess current;
    @Nullable NodeProcess other; // a second process with the same id

    private Node(String name, int microphones, boolean fast, Duration history) {
      this.name = name;
      this.microphones = microphones;
      this.rateHz = fast ? 16_000 : 8_000;
      this.history = history;
    }

    FleetMachine machine() {
      return current.machine();
    }

    /** Returns whether positions can seem to be in the future, and new epochs to be old. */
    boolean wasSetBack() {
      return setBack;
    }
  }

  /** A process of a node, until it is killed. */
  record NodeProcess(
      FleetMachine machine, FleetMicrophones microphones, long startMicros, long boot) {

    private boolean isLaterThan(NodeProcess other) {
      return startMicros > other.startMicros
          || (startMicros == other.startMicros && boot > other.boot);
    }
  }

  /** An edge, until it is killed. */
  record Edge(
      String name,
      FleetMachine machine,
      FleetDevices devices,
      Hub hub,
      Duration history,
      FleetGrants.Copy grants,
      Map<String, Long> newestEpochs) {}

  List<Node> nodes() {
    return nodes;
  }

  List<Edge> edges() {
    return edges;
  }

  Node nodeOf(String deviceId) {
    String name = deviceId.substring(0, deviceId.indexOf('/'));
    return nodes.get(Integer.parseInt(name.substring("node".length())));
  }

  /** Returns the last time at which messages of a node were possibly lost or late. */
  long disturbedAt(Node node) {
    long ofLink = node.machine().link.disturbedAt();
    return Math.max(Math.max(node.clonedAt, node.earlierDisturbedAt), ofLink);
  }

  private long wallError() {
    return (random.nextInt(601) - 300) * SECOND;
  }

  private Duration anyHistory() {
    return random.nextBoolean() ? Duration.ZERO : Duration.ofSeconds(size.historySeconds());
  }

  private static HubConfig config(Duration history) {
    return new HubConfig(
        SubscriberLimits.total(1_000_000),
        ResourceLimits.NONE,
        Duration.ofSeconds(30),
        history,
        Set.of());
  }

  private FleetMachine machine(String name, long wallError, int loops) {
    processes++;
    return new FleetMachine(
        name + "." + processes,
        world.scheduler(),
        network,
        processes * 1_000L * SECOND,
        wallError,
        loops,
        random.split());
  }

  private NodeProcess startNode(Node node, long wallError) {
    FleetMachine machine = machine(node.name, wallError, 1);
    FleetMicrophones microphones =
        new FleetMicrophones(node.name, node.microphones, node.rateHz, machine, world);
    HubObserver observer =
        new HubObserver() {
          @Override
          public void onOpened(String deviceId, PcmFormat format, long epoch) {
            world.trace(() -> machine.name + " opens " + deviceId + ", epoch " + epoch);
            microphones.onOpened(deviceId, epoch);
          }
        };
    Hub hub = new Hub(microphones, machine.time, config(node.history), observer, machine.workers);
    NodeProcess process =
        new NodeProcess(machine, microphones, machine.time.unixNanos() / 1_000, processes);
    new NodeAgent(
            node.name, processes, id -> true, hub, machine.loops.get(0), machine.link, machine.time)
        .start();
    return process;
  }

  private Edge startEdge(String name, long wallError) {
    FleetMachine machine = machine(name, wallError, 1 + random.nextInt(2));
    Duration history = anyHistory();
    FleetDevices devices = new FleetDevices(name, machine.link, machine.time);
    Hub hub = new Hub(devices, machine.time, config(history), HubObserver.NONE, machine.workers);
    Edge edge =
        new Edge(name, machine, devices, hub, history, world.grants().new Copy(), new HashMap<>());
    devices.start();
    machine.time.schedule(Duration.ofNanos(random.nextLong(SECOND)), () -> readGrants(edge));
    return edge;
  }

  private static void readGrants(Edge edge) {
    edge.machine()
        .time
        .schedule(Duration.ofNanos(FleetGrants.INTERVAL_NANOS), () -> readGrants(edge));
    edge.grants().read(edge.hub());
  }

  /** Sets the clock of a node back or forward, or that of an edge by up to minutes. */
  void stepClock(int choice) {
    if (choice % 2 == 0) {
      edges.get(choice % edges.size()).machine().time.stepWallClock(wallError());
    } else {
      Node node = nodes.get(choice % nodes.size());
      long ahead = random.nextBoolean() ? random.nextLong(10 * SECOND) : -setBack(node, SECOND);
      node.machine().time.stepWallClock(ahead);
    }
  }

  /**
   * Returns by how much to set the clock of a node back. Only once, so that its epochs are new ones
   * again after a limited time.
   */
  private long setBack(Node node, long maxNanos) {
    if (node.setBack) {
      return 0;
    }
    node.setBack = true;
    return random.nextLong(maxNanos);
  }

  /** Kills a node, and starts it again. Its clock can be set back. */
  void restartNode(Node node) {
    boolean earlier = node.other == null && random.nextInt(4) == 0; // else the other one wins
    long back = earlier ? setBack(node, 20 * SECOND) : 0;
    world.count(
        back > 0 ? "node restarts with an earlier clock" : "node restarts",
        () -> "%s is killed, clock -%d ms".formatted(node.name, back / 1_000_000));
    long wallError = node.machine().time.wallError() - back;
    node.machine().kill();
    node.earlierDisturbedAt = disturbedAt(node);
    node.current = startNode(node, wallError);
  }

  /** Kills an edge, and starts it again. The caller removes its subscribers. */
  void restartEdge(Edge edge) {
    world.count("edge restarts", () -> edge.name() + " is killed");
    edge.machine().kill();
    edges.set(edges.indexOf(edge), startEdge(edge.name(), wallError()));
  }

  /**
   * Starts a second process with the id of a node. The one that started first, by the clocks of
   * both, must close its devices.
   */
  void cloneNode(Node node) {
    if (node.other != null) {
      return;
    }
    NodeProcess original = node.current;
    long ahead = random.nextInt(4) == 0 ? -setBack(node, 5 * SECOND) : random.nextLong(15 * SECOND);
    NodeProcess clone = startNode(node, original.machine().time.wallError() + ahead);
    boolean cloneWins = clone.isLaterThan(original);
    world.count("clones", () -> "%s is cloned, the clone wins: %b".formatted(node.name, cloneWins));
    node.current = cloneWins ? clone : original;
    node.other = cloneWins ? original : clone;
    node.clonedAt = world.scheduler().now();
    long wait = GIVE_UP_NANOS + random.nextLong(5 * SECOND);
    world.scheduler().at(node.clonedAt + wait, world.operator(), () -> endClone(node, wait));
  }

  private void endClone(Node node, long wait) {
    NodeProcess loser = node.other;
    long now = world.scheduler().now();
    long disturbed =
        Math.max(node.machine().link.disturbedAt(), loser.machine().link.disturbedAt());
    if (now - disturbed > wait) {
      world.check(
          loser.microphones().openDevices().isEmpty(),
          () -> loser.machine().name + " has open devices, though its id is taken");
    }
    world.trace(() -> loser.machine().name + " is killed: its id is taken");
    loser.machine().kill();
    node.other = null;
    node.clonedAt = now;
  }

  /** Checks that all devices of nodes and edges are closed. */
  void checkClosed() {
    for (Edge edge : edges) {
      edge.hub()
          .devices()
          .forEach(
              each ->
                  world.check(
                      each.state() == DeviceState.CLOSED,
                      () -> edge.name() + " has " + each + " after all left"));
    }
    for (Node node : nodes) {
      world.check(
          node.current.microphones().openDevices().isEmpty(),
          () -> node.name + " has open devices after all left");
    }
  }

  /** Kills all processes. */
  void kill() {
    edges.forEach(each -> each.machine().kill());
    for (Node node : nodes) {
      node.machine().kill();
      if (node.other != null) {
        node.other.machine().kill();
      }
    }
  }
}
