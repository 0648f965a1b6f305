package dev.lavalier.simulation;

import com.google.protobuf.InvalidProtocolBufferException;
import dev.lavalier.fleet.Link;
import dev.lavalier.fleet.v1.ControlRequest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.Consumer;

/**
 * A network of links with faults: messages are lost, late, overtaken or repeated, and machines are
 * cut off. A random sequence of numbers decides.
 */
final class SimNetwork {

  /** How long a link does not notice that it is cut off. */
  private static final long DETECTION_NANOS = 2_500_000_000L;

  /** The time that a message takes at best, and the usual further delay. */
  private static final long LEAST_NANOS = 1_000_000L;

  private static final long JITTER_NANOS = 5_000_000L;

  private static final int MAX_WAITING = 200; // messages for a receiver that is too slow

  private final Scheduler scheduler;
  private final SplittableRandom random;
  private final Runnable afterStep;
  private final List<SimLink> links = new ArrayList<>();
  private final Map<String, Long> neededAt = new HashMap<>(); // by node and device

  /** The probability that a message is lost, overtaken or repeated. */
  double lossProbability;

  double disorderProbability;

  /** A further delay of all messages, in nanoseconds. */
  long delayNanos;

  private long allDisturbedAt = Long.MIN_VALUE;

  /**
   * Creates a network without faults.
   *
   * @param afterStep called after each step of the scheduler while a request waits
   */
  SimNetwork(Scheduler scheduler, SplittableRandom random, Runnable afterStep) {
    this.scheduler = scheduler;
    this.random = random;
    this.afterStep = afterStep;
  }

  /** Connects a machine. */
  SimLink connect(String machine, SimulatedThread thread) {
    SimLink link = new SimLink(machine, thread);
    links.add(link);
    return link;
  }

  /** Notes that messages may be lost or late now, on all links. */
  void disturb() {
    allDisturbedAt = scheduler.now();
  }

  /** Cuts all links off for a time, as if the engine had started again. */
  void restart(long nanos) {
    links.forEach(link -> link.interrupt(nanos, false));
  }

  /** Returns when an edge last asked a node for a device; the minimum value: never. */
  long neededAt(String node, String device) {
    return neededAt.getOrDefault(node + "/" + device, Long.MIN_VALUE);
  }

  private static boolean matches(String pattern, String subject) {
    String[] expected = pattern.split("\\.", -1);
    String[] tokens = subject.split("\\.", -1);
    if (expected.length != tokens.length) {
      return false;
    }
    for (int i = 0; i < tokens.length; i++) {
      if (!expected[i].equals("*") && !expected[i].equals(tokens[i])) {
        return false;
      }
    }
    return true;
  }

  private void noteNeed(Link.Message message) {
    String[] tokens = message.subject().split("\\.", -1);
    if (!tokens[2].equals("ctl")) {
      return;
    }
    try {
      ControlRequest request = ControlRequest.parseFrom(message.payload());
      if (request.hasOpen()) {
        neededAt.put(tokens[3] + "/" + request.getOpen().getLocalId(), scheduler.now());
      }
      for (String device : request.getRenew().getLocalIdsList()) {
        neededAt.put(tokens[3] + "/" + device, scheduler.now());
      }
    } catch (InvalidProtocolBufferException e) {
      throw new IllegalStateException(e); // an edge encoded it
    }
  }

  /** The link of one machine. */
  final class SimLink implements Link {

    private record Registered(String pattern, Receiver receiver) {}

    private final String machine;
    private final SimulatedThread thread;
    private final List<Registered> registered = new ArrayList<>();
    private final List<Runnable> readyListeners = new ArrayList<>();
    private final List<Runnable> held = new ArrayList<>(); // until the link is back
    private final Map<String, Long> lastArrivals = new HashMap<>(); // by sender
    private long downSince = Long.MAX_VALUE;
    private long downUntil = Long.MIN_VALUE;
    private boolean holding; // messages wait while it is down
    private boolean cut;
    private long disturbedAt = Long.MIN_VALUE;

    private SimLink(String machine, SimulatedThread thread) {
      this.machine = machine;
      this.thread = thread;
    }

    /** Cuts the link off for ever. */
    void cut() {
      cut = true;
      links.remove(this);
    }

    /**
     * Cuts the link off for a time.
     *
     * @param hold whether messages wait, as in the buffers of a connection, if the link does not
     *     notice; otherwise they are lost
     */
    void interrupt(long nanos, boolean hold) {
      if (isDown()) {
        return;
      }
      downSince = scheduler.now();
      downUntil = downSince + nanos;
      holding = hold && nanos < DETECTION_NANOS;
      scheduler.at(downUntil, thread, this::restore);
    }

    private void restore() {
      disturbedAt = scheduler.now();
      downUntil = Long.MIN_VALUE;
      List<Runnable> waiting = List.copyOf(held);
      held.clear();
      waiting.forEach(Runnable::run);
      readyListeners.forEach(Runnable::run);
    }

    private boolean isDown() {
      return downUntil != Long.MIN_VALUE;
    }

    /** Returns the last steady time at which messages were possibly lost or late. */
    long disturbedAt() {
      return isDown() || thread.isFrozen()
          ? scheduler.now()
          : Math.max(disturbedAt, allDisturbedAt);
    }

    /** Receives nothing for a time, as if the machine was busy. */
    void freeze(long nanos) {
      disturbedAt = scheduler.now();
      thread.freezeUntil(scheduler.now() + nanos);
      scheduler.at(scheduler.now() + nanos, thread, () -> disturbedAt = scheduler.now());
    }

    @Override
    public boolean isReady() {
      return !isDown() || scheduler.now() - downSince < DETECTION_NANOS;
    }

    @Override
    public void onReady(Runnable listener) {
      readyListeners.add(listener);
    }

    @Override
    public void publish(String subject, byte[] payload) {
      var unused = send(subject, payload, reply -> {});
    }

    @Override
    public Registration subscribe(String pattern, Receiver receiver) {
      Registered added = new Registered(pattern, receiver);
      registered.add(added);
      return () -> registered.remove(added);
    }

    /** Lets the other threads run until the answer arrives. */
    @Override
    public byte[] request(String subject, byte[] payload, Duration timeout)
        throws NoReplyException {
      byte[][] answer = {null};
      boolean sent =
          send(subject, payload, reply -> transmit(this, () -> answer[0] = reply, machine + "-r"));
      if (!sent) {
        throw new NoReplyException("nobody receives its requests");
      }
      long end = scheduler.now() + timeout.toNanos();
      while (answer[0] == null && scheduler.now() < end && scheduler.step(end)) {
        afterStep.run();
      }
      if (answer[0] == null) {
        throw new NoReplyException("no answer within %d s".formatted(timeout.toSeconds()));
      }
      return answer[0];
    }

    /** Returns whether somebody has subscribed. */
    private boolean send(String subject, byte[] payload, Consumer<byte[]> reply) {
      if (cut || !isReady()) {
        return true;
      }
      boolean received = false;
      for (SimLink to : List.copyOf(links)) {
        for (Registered each : List.copyOf(to.registered)) {
          if (to != this && matches(each.pattern(), subject)) {
            received = true;
            Message message = new Message(subject, payload, reply);
            transmit(to, () -> to.receive(each, message), machine);
          }
        }
      }
      return received;
    }

    private void receive(Registered to, Message message) {
      if (registered.contains(to)) {
        noteNeed(message);
        to.receiver().onMessage(message);
      }
    }

    /** Delivers a message of this link, unless it is lost. */
    private void transmit(SimLink to, Runnable arrival, String sender) {
      if (random.nextDouble() < lossProbability || to.thread.size() > MAX_WAITING) {
        to.disturbedAt = scheduler.now();
        return;
      }
      if (isDown() || to.isDown()) {
        SimLink down = isDown() ? this : to;
        if (down.holding) {
          down.held.add(() -> to.schedule(scheduler.now() + LEAST_NANOS, arrival));
        }
        return;
      }
      long at = scheduler.now() + LEAST_NANOS + random.nextLong(JITTER_NANOS) + delayNanos;
      if (random.nextDouble() < disorderProbability) {
        to.disturbedAt = scheduler.now();
        to.schedule(at + random.nextLong(50_000_000L), arrival);
        if (random.nextBoolean()) {
          return; // overtaken; otherwise it is repeated
        }
      }
      long inOrder = Math.max(at, to.lastArrivals.getOrDefault(sender, 0L) + 1);
      to.lastArrivals.put(sender, inOrder);
      to.schedule(inOrder, arrival);
    }

    private void schedule(long at, Runnable arrival) {
      scheduler.at(at, thread, arrival);
    }
  }
}
