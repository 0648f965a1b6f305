package dev.lavalier.simulation;

import dev.lavalier.hub.Hub;
import dev.lavalier.hub.HubConfig;
import dev.lavalier.hub.ResourceLimits;
import dev.lavalier.hub.SimulatedHubStop;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * One run: a hub, its devices and subscribers, random actions and faults, and the end of all of
 * them. A run depends only on its seed.
 */
final class Simulation {

  private static final long SECOND = 1_000_000_000L;

  /** After this time, the registry lists each device that was plugged in. */
  private static final long RETURN_NANOS = 13 * SECOND;

  /** A run has far fewer steps, unless tasks follow each other without end. */
  private static final long MAX_STEPS = 5_000_000;

  /** One of so many seeds checks which histories are in memory, because that takes long. */
  private static final long MEMORY_CHECK_SEEDS = 100;

  private final SplittableRandom random;
  private final boolean checksMemory;
  private final Scheduler scheduler;
  private final Violations violations;
  private final VirtualTime time;
  private final Scenario scenario;
  private final Faults faults;
  private final Workers workers;
  private final SimulatedDevices devices;
  private final ListChecks listChecks;
  private final List<SimulatedLoop> loops = new ArrayList<>();
  private final Environment env;
  private final Hub hub;
  private final Subscribers subscribers;
  private final Watches watches;
  private final DeviceChecks deviceChecks;
  private boolean stopping;

  private Simulation(long seed, boolean tracing) {
    this.random = new SplittableRandom(seed);
    this.checksMemory = seed % MEMORY_CHECK_SEEDS == 0;
    this.scheduler = new Scheduler(random.split());
    this.violations = new Violations(scheduler, tracing);
    this.time = new VirtualTime(scheduler, random.nextInt(4) != 0);
    this.scenario = Scenario.random(random, new SplittableRandom(~seed));
    this.devices = new SimulatedDevices(scheduler, time, violations, scenario);
    this.listChecks = new ListChecks(scenario, devices, violations);
    this.faults = new Faults(scenario, devices, scheduler, time, violations, random.split());
    this.workers = new Workers(scheduler, faults::callNanos);
    for (int i = 0; i < scenario.loops(); i++) {
      loops.add(new SimulatedLoop(scheduler, "loop-" + i, time, violations));
    }
    this.env =
        new Environment(
            scheduler,
            time,
            violations,
            devices,
            new RecordingCodec(scheduler, violations),
            scenario.calm(),
            scenario.history().toNanos(),
            scenario.stallTimeout().toNanos(),
            () -> stopping);
    this.deviceChecks = new DeviceChecks(scenario, env, workers);
    this.hub =
        new Hub(
            devices.devices(),
            time,
            new HubConfig(
                scenario.limits(),
                ResourceLimits.NONE,
                scenario.stallTimeout(),
                scenario.history(),
                scenario.keptOpen()),
            deviceChecks.observer(),
            workers);
    this.subscribers = new Subscribers(hub, env, scenario, loops, random.split());
    this.watches = new Watches(hub, env, loops, random.split());
    violations.trace(() -> "scenario: " + scenario);
  }

  /**
   * Runs a seed.
   *
   * @param tracing whether the result contains the events before a violation
   * @return the violation; null if there is none
   */
  static @Nullable Failure run(long seed, boolean tracing) {
    Simulation simulation = new Simulation(seed, tracing);
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
    return violation == null ? null : new Failure(seed, violation, simulation.violations.events());
  }

  /**
   * A violation.
   *
   * @param events before it, if the run was traced
   */
  record Failure(long seed, String violation, List<String> events) {}

  private void run() {
    devices.devices().start();
    hub.start();
    SimulatedThread actions = scheduler.newThread("actions", true);
    scheduleAction(actions, scheduler.now() + scenario.lengthNanos());
    runUntil(scheduler.now() + scenario.lengthNanos());
    if (checksMemory) {
      faults.thaw(loops);
      runUntil(scheduler.now() + 2 * SECOND);
      deviceChecks.checkMemory(subscribers);
    }
    heal();
    if (random.nextBoolean()) {
      leave();
    }
    stop();
    violations.check(
        scheduler.readyTasks() == 0, () -> "tasks are left: " + scheduler.readyTasks());
    deviceChecks.checkEnd(hub);
  }

  private void scheduleAction(SimulatedThread actions, long end) {
    long delay = (long) (-Math.log(1 - random.nextDouble()) * scenario.actionNanos());
    long at = scheduler.now() + delay;
    if (at < end) {
      scheduler.at(
          at,
          actions,
          () -> {
            if (scheduler.now() < end) { // a pause may have delayed it
              act();
              scheduleAction(actions, end);
            }
          });
    }
  }

  private void act() {
    watches.act();
    int choice = random.nextInt(10);
    if (choice < 7) {
      subscribers.act();
    } else if (choice < 9 && scenario.faulty()) {
      faults.injectDeviceFault();
    } else {
      faults.injectDelay(loops);
    }
  }

  /** Runs until a steady time, or until a violation. Returns whether there is no violation. */
  private boolean runUntil(long end) {
    while (violations.first() == null && scheduler.now() < end && scheduler.step(end)) {
      afterStep();
    }
    return violations.first() == null;
  }

  private void afterStep() {
    deviceChecks.afterStep(subscribers);
    listChecks.afterStep(hub);
    violations.check(scheduler.steps() < MAX_STEPS, () -> "too many steps");
  }

  /**
   * Ends all faults. Each subscriber that is ready must then receive a frame, or end. An id of a
   * device that cannot be distinguished from an equal one may be given up: its subscribers wait.
   */
  private void heal() {
    violations.trace(() -> "all faults end");
    faults.end(loops);
    workers.releaseHangingCalls();
    long healed = scheduler.now();
    subscribers.readFromNowOn();
    long end = healed + 60 * SECOND;
    List<SimulatedSubscriber> waiting;
    do {
      runUntil(scheduler.now() + SECOND / 10); // also subscribes those that a delay held up
      waiting = subscribers.active();
      waiting.removeIf(each -> each.checks.lastFrameAt() > healed);
      if (scheduler.now() > healed + RETURN_NANOS) {
        waiting.removeIf(each -> each.device.losesId && !devices.isListed(each.spec.deviceId()));
      }
    } while (!waiting.isEmpty() && violations.first() == null && scheduler.now() < end);
    List<SimulatedSubscriber> left = waiting;
    violations.check(left.isEmpty(), () -> "no frames after all faults ended: " + left);
  }

  /** All subscribers leave. The devices are then closed, unless they are kept open. */
  private void leave() {
    subscribers.leaveAll();
    runUntil(scheduler.now() + 20 * SECOND);
    deviceChecks.checkIdle(hub);
    watches.check();
  }

  private void stop() {
    if (violations.first() != null) {
      return;
    }
    if (random.nextInt(4) == 0) {
      faults.hangNextCall();
    }
    stopping = true;
    violations.trace(() -> "stop");
    CompletableFuture<Void> stopped = SimulatedHubStop.stop(hub);
    long end = scheduler.now() + 2 * SECOND;
    while (!stopped.isDone() && scheduler.now() < end && runUntil(scheduler.now() + SECOND / 10)) {}
    violations.check(stopped.isDone() || workers.isCalling(), () -> "the hub did not stop in time");
    boolean done = stopped.isDone();
    workers.shutdown();
    runUntil(scheduler.now() + SECOND);
    workers.releaseHangingCalls();
    devices.devices().close();
    runUntil(scheduler.now() + 15 * SECOND);
    if (done) {
      deviceChecks.checkClosed(hub);
      if (checksMemory) {
        deviceChecks.checkMemory(subscribers);
      }
    }
    watches.checkEnd();
    for (SimulatedSubscriber each : subscribers.all()) {
      violations.check(!each.isActive(), () -> each + " is still active after the stop");
    }
  }
}
