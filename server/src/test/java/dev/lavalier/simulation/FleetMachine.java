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
  final List<DeliveryLoop> loops;
  final SimNetwork.SimLink link;
  private final Scheduler scheduler;
  private final List<SimulatedThread> threads = new ArrayList<>();
  private final List<BlockingTask> calls = new ArrayList<>(); // that have not ended

  FleetMachine(
      String name,
      Scheduler scheduler,
      SimNetwork network,
      long steadyOffset,
      long wallError,
      int loopCount,
      SplittableRandom random) {
    this.name = name;
    this.scheduler = scheduler;
    this.time = new FleetTime(scheduler, newThread("timer"), steadyOffset, wallError);
    List<DeliveryLoop> created = new ArrayList<>();
    for (int i = 0; i < loopCount; i++) {
      created.add(new DeliveryLoop(newThread("loop" + i), time));
    }
    this.loops = List.copyOf(created);
    this.link = network.connect(name, newThread("link"));
    SimulatedThread pool = scheduler.newThread(name + "-workers", false);
    threads.add(pool);
    this.workers =
        new SimulatedExecutor() {
          @Override
          void accept(Runnable task) {
            if (task.getClass().getName().contains(".DeviceCalls$")) {
              long at = scheduler.now() + random.nextLong(MAX_CALL_NANOS);
              scheduler.at(at, pool, () -> call(pool, task));
            } else {
              scheduler.at(scheduler.now(), pool, task);
            }
          }
        };
  }

  /** Runs a call that opens or closes a device. It may wait for an answer of a node. */
  private void call(SimulatedThread pool, Runnable task) {
    BlockingTask call = new BlockingTask(scheduler, pool, task);
    calls.removeIf(BlockingTask::isEnded);
    calls.add(call);
    call.start();
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
    List.copyOf(calls).forEach(BlockingTask::interrupt);
  }
}
