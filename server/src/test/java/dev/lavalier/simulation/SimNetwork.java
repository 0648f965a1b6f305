package dev.lavalier.simulation;

import dev.lavalier.fleet.Link;
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

  private final Scheduler scheduler;
  private final SplittableRandom random;
  private final int maxWaiting;
  private final List<SimLink> links = new ArrayList<>();
  private final Map<String, List<Registered>> registered = new HashMap<>(); // by pattern
  private final Map<String, List<List<Registered>>> wildcards = new HashMap<>(); // by subject

  /** The probability that a message is lost, overtaken or repeated. */
  double lossProbability;

  double disorderProbability;

  /** A further delay of all messages, in nanoseconds. */
  long delayNanos;

  private long allDisturbedAt = Long.MIN_VALUE;

  /**
   * Creates a network without faults.
   *
   * @param maxWaiting how many messages wait for a receiver that is too slow; further ones are lost
   */
  SimNetwork(Scheduler scheduler, SplittableRandom random, int maxWaiting) {
    this.scheduler = scheduler;
    this.random = random;
    this.maxWaiting = maxWaiting;
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

  /** Returns who has subscribed to patterns that match a subject: a list for each pattern. */
  private List<List<Registered>> byWildcard(String subject) {
    return wildcards.computeIfAbsent(
        subject,
        s ->
            registered.entrySet().stream()
                .filter(each -> each.getKey().contains("*") && matches(each.getKey(), s))
                .sorted(Map.Entry.comparingByKey())
                .map(Map.Entry::getValue)
                .toList());
  }

  private List<Registered> newPattern(String pattern) {
    if (pattern.contains("*")) {
      wildcards.clear();
    }
    return new ArrayList<>();
  }

  private record Registered(SimLink link, Link.Receiver receiver) {}

  /** The link of one machine. */
  final class SimLink implements Link {

    private final String machine;
    private final SimulatedThread thread;
    private final List<Runnable> readyListeners = new ArrayList<>();
    private final List<Runnable> held = new ArrayList<>(); // until the link is back
    private final Map<String, long[]> lastArrivals = new HashMap<>(); // one time, by sender
    private long downSince = Long.MAX_VALUE;
    private long downUntil = Long.MIN_VALUE;
    private boolean holding; // messages wait while it is down
    private boolean cut;
    private long disturbedAt = Long.MIN_VALUE;
    private Consumer<Message> monitor = message -> {};

    private SimLink(String machine, SimulatedThread thread) {
      this.machine = machine;
      this.thread = thread;
    }

    /** Passes each message that arrives to a listener too, before its receiver. */
    void setMonitor(Consumer<Message> listener) {
      monitor = listener;
    }

    /** Cuts the link off for ever. */
    void cut() {
      cut = true;
      links.remove(this);
      registered.values().forEach(each -> each.removeIf(to -> to.link() == this));
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
      Registered added = new Registered(this, receiver);
      List<Registered> receivers = registered.computeIfAbsent(pattern, SimNetwork.this::newPattern);
      receivers.add(added);
      return () -> receivers.remove(added);
    }

    /** Called only by a {@link BlockingTask}. */
    @Override
    public byte[] request(String subject, byte[] payload, Duration timeout)
        throws NoReplyException, InterruptedException {
      BlockingTask caller = BlockingTask.current();
      byte[][] answer = {null};
      Consumer<byte[]> onReply =
          reply -> {
            if (answer[0] == null) { // the first one counts
              answer[0] = reply;
              caller.wake();
            }
          };
      boolean sent =
          send(subject, payload, reply -> transmit(this, () -> onReply.accept(reply), "reply"));
      if (!sent) {
        throw new NoReplyException("nobody receives its requests");
      }
      long end = scheduler.now() + timeout.toNanos();
      caller.wakeAt(end);
      while (answer[0] == null && scheduler.now() < end) {
        caller.await();
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
      Message message = new Message(subject, payload, reply);
      boolean received = send(registered.getOrDefault(subject, List.of()), message);
      for (List<Registered> ofPattern : byWildcard(subject)) {
        received |= send(ofPattern, message);
      }
      return received;
    }

    private boolean send(List<Registered> receivers, Message message) {
      boolean received = false;
      for (Registered to : receivers) { // arrivals are later, so the list does not change
        if (to.link() != this) {
          received = true;
          transmit(to.link(), () -> receive(receivers, to, message), machine);
        }
      }
      return received;
    }

    private void receive(List<Registered> ofPattern, Registered to, Message message) {
      if (ofPattern.contains(to)) {
        to.link().monitor.accept(message);
        to.receiver().onMessage(message);
      }
    }

    /** Delivers a message of this link, unless it is lost. */
    private void transmit(SimLink to, Runnable arrival, String sender) {
      if (random.nextDouble() < lossProbability || to.thread.size() > maxWaiting) {
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
      long[] last = to.lastArrivals.computeIfAbsent(sender, s -> new long[1]);
      last[0] = Math.max(at, last[0] + 1);
      to.schedule(last[0], arrival);
    }

    private void schedule(long at, Runnable arrival) {
      scheduler.at(at, thread, arrival);
    }
  }
}
