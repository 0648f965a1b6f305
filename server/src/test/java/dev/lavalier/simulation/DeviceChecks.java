package dev.lavalier.simulation;

import dev.lavalier.audio.PcmFormat;
import dev.lavalier.hub.DeviceState;
import dev.lavalier.hub.DeviceStatus;
import dev.lavalier.hub.Hub;
import dev.lavalier.hub.HubObserver;
import dev.lavalier.hub.SubscriptionStatus;
import dev.lavalier.simulation.SimulatedDevice.Kept;
import java.time.Duration;
import java.util.HashSet;
import java.util.Set;

/** The invariants of the devices: when they are open, and what is left of them. */
final class DeviceChecks {

  /** An open device is closed within this time after it is not needed any more. */
  private static final long MAX_UNNEEDED_NANOS = 1_000_000_000L;

  /** On a slow machine. */
  private static final long MAX_UNNEEDED_SLOW_NANOS = 10_000_000_000L;

  /** The audio of a closed device is released within this time, when no frame of it waits. */
  private static final long MAX_KEPT_NANOS = 1_000_000_000L;

  /** A subscriber that is ready waits this long for a frame that was published. */
  private static final long MAX_WAIT_NANOS = 300_000_000L;

  private final Scenario scenario;
  private final Environment env;
  private final Workers workers;
  private final Set<String> open = new HashSet<>(); // device and epoch
  private final Set<Long> subscriptions = new HashSet<>();

  DeviceChecks(Scenario scenario, Environment env, Workers workers) {
    this.scenario = scenario;
    this.env = env;
    this.workers = workers;
  }

  void afterStep(Subscribers subscribers) {
    long now = env.scheduler().now();
    for (SimulatedSubscriber each : subscribers.active()) {
      each.device.neededAt = now;
      if (env.calm()) {
        each.checks.checkProgress(MAX_WAIT_NANOS);
        each.checks.checkSilence(MAX_WAIT_NANOS);
      }
    }
    long limit = env.calm() ? MAX_UNNEEDED_NANOS : MAX_UNNEEDED_SLOW_NANOS;
    for (SimulatedDevice device : scenario.devices()) {
      device.lines.removeIf(each -> !each.isUsed());
      device.lines.forEach(each -> each.usedAt = now);
      if (device.lines.isEmpty() || scenario.isKeptOpen(device) || workers.isCalling()) {
        continue;
      }
      long unneeded = now - Math.max(device.neededAt, workers.lastCallAt());
      env.violations()
          .check(
              unneeded <= limit || !device.isOpen(),
              () -> device + " is open without a subscriber for " + unneeded / 1e9 + " s");
    }
  }

  /** Checks the devices after all subscribers have left. */
  void checkIdle(Hub hub) {
    for (DeviceStatus status : hub.devices()) {
      boolean keptOpen = scenario.keptOpen().contains(status.device().id());
      env.violations()
          .check(
              status.subscriberCount() == 0
                  && status.state() == (keptOpen ? DeviceState.OPEN : DeviceState.CLOSED),
              () -> "after all subscribers have left: " + status);
    }
    env.violations().check(subscriptions.isEmpty(), () -> "subscriptions left: " + subscriptions);
  }

  /** Checks that nothing is left after the hub has stopped. */
  void checkEnd(Hub hub) {
    for (SimulatedDevice device : scenario.devices()) {
      device.lines.removeIf(each -> !each.isUsed());
      env.violations().check(device.lines.isEmpty(), () -> device + ": a line or a reader is left");
    }
    env.violations().check(open.isEmpty(), () -> "not reported as closed: " + open);
    env.violations().check(subscriptions.isEmpty(), () -> "subscriptions left: " + subscriptions);
    env.violations().check(hub.subscriptions().isEmpty(), () -> "active: " + hub.subscriptions());
  }

  /**
   * Checks that no audio of a closed line is in memory. It may be for a second, because a progress
   * check is scheduled, and until frames that wait for a subscriber have expired.
   */
  void checkMemory(Subscribers subscribers) {
    if (workers.isCalling()) {
      return;
    }
    System.gc();
    long now = env.scheduler().now();
    for (SimulatedDevice device : scenario.devices()) {
      long limit = MAX_KEPT_NANOS + subscribers.maxAgeNanos(device);
      for (Kept each : device.pipelines) {
        long since = now - each.opened().usedAt;
        env.violations()
            .check(
                each.opened().isUsed() || since <= limit || each.pipeline().get() == null,
                () ->
                    "audio of %s is in memory %.3f s after the close"
                        .formatted(device, since / 1e9));
      }
    }
  }

  /** Checks that all devices are closed. */
  void checkClosed(Hub hub) {
    for (DeviceStatus status : hub.devices()) {
      env.violations()
          .check(
              status.state() == DeviceState.CLOSED && status.subscriberCount() == 0,
              () -> "after the stop: " + status);
    }
  }

  /** Returns the observer of the hub, which checks that openings and subscriptions end once. */
  HubObserver observer() {
    return new HubObserver() {
      @Override
      public void onOpened(String deviceId, PcmFormat format, long epoch) {
        env.violations().trace(() -> deviceId + " opened, epoch " + epoch);
        env.devices().epochStarted(deviceId, epoch);
        env.violations().check(open.add(deviceId + epoch), () -> "opened twice: " + epoch);
      }

      @Override
      public void onClosed(
          String deviceId,
          long epoch,
          Duration duration,
          long samples,
          String reason,
          boolean acknowledged) {
        env.violations().trace(() -> deviceId + " closed, epoch " + epoch + ": " + reason);
        boolean known = open.remove(deviceId + epoch);
        env.violations()
            .check(known || acknowledged, () -> "closed, but not open: " + deviceId + epoch);
      }

      @Override
      public void onLost(String deviceId, String reason) {
        env.violations().trace(() -> deviceId + " lost: " + reason);
        env.violations()
            .check(
                env.devices().opened(deviceId).wasFaulty,
                () -> deviceId + " lost without a fault: " + reason);
      }

      @Override
      public void onOverrun(String deviceId, long samples, PcmFormat format) {
        env.violations().trace(() -> deviceId + " lost samples: " + samples);
      }

      @Override
      public void onSubscribed(SubscriptionStatus subscription) {
        subscriptions.add(subscription.id());
      }

      @Override
      public void onSubscriptionEnded(SubscriptionStatus subscription, String reason) {
        boolean known = subscriptions.remove(subscription.id());
        env.violations().check(known, () -> "ended twice: " + subscription);
      }
    };
  }
}
