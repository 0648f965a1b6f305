package dev.lavalier.simulation;

import dev.lavalier.common.TimeSource;
import dev.lavalier.hub.DeliveryLoop;
import dev.lavalier.pipeline.StartFrom;
import dev.lavalier.simulation.SimulatedSubscriber.Readiness;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** A delivery loop and the turns of its subscribers. */
final class SimulatedLoop {

  /** Turns of one subscriber between two turns of another one. A start takes a turn too. */
  private static final int MAX_TURNS = 4;

  private final SimulatedThread thread;
  private final DeliveryLoop deliveryLoop;
  private final Violations violations;
  private final List<SimulatedSubscriber> members = new ArrayList<>(); // always ready
  private final Map<SimulatedSubscriber, Map<SimulatedSubscriber, Long>> seen = new HashMap<>();

  SimulatedLoop(Scheduler scheduler, String name, TimeSource time, Violations violations) {
    this.thread = scheduler.newThread(name, true);
    this.deliveryLoop = new DeliveryLoop(thread, time);
    this.violations = violations;
  }

  SimulatedThread thread() {
    return thread;
  }

  DeliveryLoop deliveryLoop() {
    return deliveryLoop;
  }

  /**
   * Checks that the loop serves its subscribers in turns. Subscribers that ask for turns themselves
   * are not compared.
   */
  void onTurn(SimulatedSubscriber subscriber) {
    members.removeIf(each -> !each.isActive());
    if (subscriber.readiness != Readiness.ALWAYS
        || subscriber.spec.start() != StartFrom.LIVE
        || !subscriber.checks.isStarted()
        || !subscriber.isActive()) {
      return;
    }
    if (!members.contains(subscriber)) {
      members.add(subscriber);
      members.forEach(each -> seen(each).put(subscriber, subscriber.turns));
    }
    Map<SimulatedSubscriber, Long> ofThis = seen(subscriber);
    for (SimulatedSubscriber other : members) {
      ofThis.put(other, other.turns);
      if (subscriber.checks.isDeviceLost()) { // it has no frames; others wake the loop
        seen(other).put(subscriber, subscriber.turns);
      } else if (haveFramesTogether(other, subscriber)) {
        long turns = subscriber.turns - seen(other).getOrDefault(subscriber, subscriber.turns);
        violations.check(
            turns <= MAX_TURNS,
            () -> subscriber + " had " + turns + " turns since the last turn of " + other);
      }
    }
  }

  /** A turn without a waiting frame is over before the subscriber is asked, so it is not seen. */
  private static boolean haveFramesTogether(SimulatedSubscriber one, SimulatedSubscriber other) {
    return one.spec.deviceId().equals(other.spec.deviceId())
        && one.spec.frameSize() == other.spec.frameSize()
        && one.spec.format().equals(other.spec.format())
        && one.spec.channelMap().equals(other.spec.channelMap());
  }

  private Map<SimulatedSubscriber, Long> seen(SimulatedSubscriber subscriber) {
    return seen.computeIfAbsent(subscriber, s -> new HashMap<>());
  }
}
