package dev.lavalier.simulation;

import dev.lavalier.hub.DeliveryLoop;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutorService;

/** A machine of a fleet: its clocks, threads and link. If it is killed, none of its tasks runs. */
final class FleetMachine {

  private static final long MAX_CALL_NANOS = 200_000_000L;

  final String name;
  final FleetTime time;
  final ExecutorService workers;
  final DeliveryLoop loop;
  final SimNetwork.SimLink link;
  private final Scheduler scheduler;
  private final List<SimulatedThread> threads = new ArrayList<>();

  FleetMachine(
      String name,
      Scheduler scheduler,
      SimNetwork network,
      long steadyOffset,
      long wallError,
      SplittableRandom random) {
    this.name = name;
    this.scheduler = scheduler;
    this.time = new FleetTime(scheduler, newThread("timer"), steadyOffset, wallError);
    this.loop = new DeliveryLoop(newThread("loop"), time);
    this.link = network.connect(name, newThread("link"));
    SimulatedThread pool = scheduler.newThread(name + "-workers", false);
    threads.add(pool);
    this.workers =
        new SimulatedExecutor() {
          @Override
          void accept(Runnable task) {
            boolean call = task.getClass().getName().contains(".DeviceCalls$");
            long nanos = call ? random.nextLong(MAX_CALL_NANOS) : 0;
            scheduler.at(scheduler.now() + nanos, pool, task);
          }
        };
  }

  SimulatedThread newThread(String thread) {
    SimulatedThread created = scheduler.newThread(name + "-" + thread, true);
    threads.add(created);
    return created;
  }

  /** Ends all threads. The link does not send or receive any more. */
  void kill() {
    link.cut();
    threads.forEach(scheduler::remove);
  }
}
