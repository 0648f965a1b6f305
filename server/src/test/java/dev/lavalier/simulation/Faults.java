package dev.lavalier.simulation;

import dev.lavalier.common.StreamException;
import dev.lavalier.common.StreamException.Reason;
import dev.lavalier.simulation.SimulatedDevice.InjectedError;
import dev.lavalier.simulation.SimulatedDevice.InjectedException;
import dev.lavalier.simulation.SimulatedDevice.OpenedLine;
import java.util.List;
import java.util.SplittableRandom;

/** Injects random faults, until they are {@link #end ended}. */
final class Faults {

  private static final long MILLI = 1_000_000L;

  private final Scenario scenario;
  private final SimulatedDevices devices;
  private final Scheduler scheduler;
  private final VirtualTime time;
  private final Violations violations;
  private final SplittableRandom random;
  private int hangingCalls; // of the next calls

  Faults(
      Scenario scenario,
      SimulatedDevices devices,
      Scheduler scheduler,
      VirtualTime time,
      Violations violations,
      SplittableRandom random) {
    this.scenario = scenario;
    this.devices = devices;
    this.scheduler = scheduler;
    this.time = time;
    this.violations = violations;
    this.random = random;
    if (!scenario.calm() && random.nextBoolean()) {
      scheduler.setSlowness(0.002 + 0.05 * random.nextDouble(), 100 * MILLI);
    }
  }

  /** Returns how long the next call into the sound system takes. */
  long callNanos() {
    if (hangingCalls > 0) {
      hangingCalls--;
      return random.nextBoolean() ? Workers.HANGS : (2_000 + random.nextInt(10_000)) * MILLI;
    }
    return random.nextInt(3) == 0 ? random.nextInt(300) * MILLI : random.nextInt(2_000) * 1_000L;
  }

  /** Lets the next call into the sound system hang. */
  void hangNextCall() {
    hangingCalls++;
    scenario.devices().forEach(device -> device.wasFaulty = true);
  }

  /** Injects one fault into a device. */
  void injectDeviceFault() {
    SimulatedDevice device = Scenario.pick(scenario.devices(), random);
    switch (random.nextInt(15)) {
      case 0, 1, 12 -> {
        int position = random.nextInt(scenario.devices().size());
        if (!devices.mayChange(device)) {
          return;
        } else if (device.plugged) {
          trace("unplug", device);
          devices.unplug(device);
        } else {
          trace("plug at " + position, device);
          devices.plug(device, position);
        }
      }
      case 13 -> {
        if (device.usedByOthers || !device.isOpen()) {
          device.usedByOthers = !device.usedByOthers;
          device.wasFaulty = true;
          trace("used by others: " + device.usedByOthers, device);
        }
      }
      case 14 -> {
        Throwable failure =
            switch (random.nextInt(3)) {
              case 0 -> new InjectedError();
              case 1 -> new InjectedException();
              default -> null;
            };
        trace("next report fails: " + failure, device);
        devices.failNextReport(failure);
      }
      case 2, 3 -> {
        long nanos = length();
        trace("lose " + nanos / 1e6 + " ms", device);
        device.wasFaulty = true;
        device.lines.forEach(each -> each.line.loseFor(nanos));
      }
      case 4, 5 -> {
        long nanos = length();
        trace("hold " + nanos / 1e6 + " ms", device);
        device.wasFaulty = true;
        device.lines.forEach(each -> each.line.holdFor(nanos));
      }
      case 6, 7 -> {
        trace("opening fails", device);
        device.wasFaulty = true;
        device.nextOpening =
            Scenario.pick(
                List.of(
                    () -> new StreamException(Reason.DEVICE_BUSY, "refused"),
                    InjectedException::new,
                    InjectedError::new),
                random);
      }
      case 8 -> {
        trace("error in the next call", device);
        device.wasFaulty = true;
        for (OpenedLine each : device.lines) {
          boolean error = random.nextBoolean();
          each.line.failNextCall(error ? new InjectedError() : new InjectedException());
        }
      }
      case 9 -> {
        trace("next call hangs", device);
        hangNextCall();
      }
      case 10 -> {
        long nanos = (random.nextInt(2 * 3_600_000) - 3_600_000) * MILLI;
        trace("clock step " + nanos / 1e9 + " s", device);
        time.stepWallClock(nanos);
      }
      default -> {
        long nanos = random.nextInt(60_000) * MILLI;
        trace("suspend " + nanos / 1e9 + " s", device);
        scenario.devices().forEach(each -> suspend(each, nanos));
        time.suspend(nanos);
      }
    }
  }

  private static void suspend(SimulatedDevice device, long nanos) {
    device.wasFaulty = true;
    device.lines.forEach(each -> each.line.loseFor(nanos));
  }

  /** Freezes a thread, or the whole machine. */
  void injectDelay(List<SimulatedLoop> loops) {
    long until = scheduler.now() + length();
    if (scenario.calm()) {
      return;
    }
    switch (random.nextInt(5)) {
      case 0 -> {
        violations.trace(() -> "machine pauses until " + until / 1e9);
        scheduler.work(until - scheduler.now());
      }
      case 1 -> freeze(Scenario.pick(loops, random).thread(), until);
      case 2 -> freeze(time.timer(), until);
      case 3 -> freeze(devices.registry(), until);
      default -> {
        SimulatedDevice device = Scenario.pick(scenario.devices(), random);
        for (OpenedLine each : device.lines) {
          if (each.reader != null) {
            device.wasFaulty = true;
            freeze(each.reader, until);
          }
        }
      }
    }
  }

  private void freeze(SimulatedThread thread, long until) {
    violations.trace(() -> "freeze " + thread + " until " + until / 1e9);
    thread.freezeUntil(until);
  }

  private long length() {
    double scale = random.nextDouble();
    return (long) (scale * scale * scale * 5_000 * MILLI);
  }

  private void trace(String fault, SimulatedDevice device) {
    violations.trace(() -> "fault of " + device + ": " + fault);
  }

  /** Lets the delivery loops, the timer and the polls run. */
  void thaw(List<SimulatedLoop> loops) {
    loops.forEach(loop -> loop.thread().thaw());
    time.timer().thaw();
    devices.registry().thaw();
  }

  /** Ends all faults. Devices are plugged, and calls complete. */
  void end(List<SimulatedLoop> loops) {
    hangingCalls = 0;
    scheduler.setSlowness(0, 0);
    thaw(loops);
    devices.endFaults();
    for (SimulatedDevice device : scenario.devices()) {
      device.nextOpening = null;
      for (OpenedLine each : device.lines) {
        each.line.release();
        if (each.reader != null) {
          each.reader.thaw();
        }
      }
    }
  }
}
