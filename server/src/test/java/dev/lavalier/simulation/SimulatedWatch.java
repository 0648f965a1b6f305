package dev.lavalier.simulation;

import dev.lavalier.common.StreamException;
import dev.lavalier.common.StreamException.Reason;
import dev.lavalier.hub.AccessCheck;
import dev.lavalier.hub.DeviceStatus;
import dev.lavalier.hub.DeviceWatch;
import dev.lavalier.hub.Hub;
import dev.lavalier.hub.Subscriber;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A watch of the devices. After each of its turns, it has received the current state of each
 * device. It sees each change, unless the next one came before its turn.
 */
final class SimulatedWatch implements DeviceWatch.Sink {

  private final String name;
  private final Hub hub;
  private final Environment env;
  private final SimulatedLoop loop;
  private final Map<String, DeviceStatus> seen = new LinkedHashMap<>();
  private @Nullable DeviceWatch watch; // null: not started, or ended
  private boolean hasSnapshot;
  private boolean ready = true;
  private boolean revoked;
  private boolean cancelled;
  private boolean ended;
  private long cancelledInStep = -1;

  SimulatedWatch(String name, Hub hub, Environment env, SimulatedLoop loop) {
    this.name = name;
    this.hub = hub;
    this.env = env;
    this.loop = loop;
  }

  void start() {
    AccessCheck access =
        new AccessCheck() {
          @Override
          public Optional<StreamException> denialReason() {
            return revoked
                ? Optional.of(new StreamException(Reason.NOT_AUTHENTICATED, "revoked"))
                : Optional.empty();
          }
        };
    watch = hub.watch(new Subscriber(name, name, access), id -> true, loop.deliveryLoop(), this);
  }

  /** Returns whether it was started, and has neither been cancelled nor ended. */
  boolean isActive() {
    return watch != null;
  }

  void setReady(boolean next) {
    ready = next;
    if (ready && watch != null) {
      watch.requestUpdate();
    }
  }

  void revoke() {
    revoked = true;
    hub.revokeUnauthorized();
  }

  void cancel() {
    if (watch != null) {
      env.violations().trace(() -> name + " is cancelled");
      cancelled = true;
      cancelledInStep = env.scheduler().steps();
      watch.cancel();
      watch = null;
    }
  }

  /** Checks that it has seen everything, if its loop and the registry have nothing to do. */
  void checkUpToDate() {
    boolean isIdle = loop.thread().size() == 0 && env.devices().registry().size() == 0;
    if (isActive() && ready && isIdle) {
      env.violations().check(hasSnapshot, () -> name + " has received no snapshot");
      checkSeen();
    }
  }

  private void checkSeen() {
    Map<String, DeviceStatus> now = new LinkedHashMap<>();
    hub.devices().forEach(each -> now.put(each.device().id(), each));
    env.violations()
        .check(seen.equals(now), () -> name + " has seen %s, not %s".formatted(seen, now));
  }

  private void checkCall(String call) {
    env.violations().trace(() -> name + "." + call);
    env.violations()
        .check(
            env.scheduler().current() == loop.thread(),
            () -> name + "." + call + " on another thread");
    env.violations().check(!ended, () -> name + "." + call + " after its end");
    env.violations()
        .check(
            !cancelled || cancelledInStep == env.scheduler().steps(),
            () -> name + "." + call + " after it was cancelled");
  }

  @Override
  public boolean isReady() {
    return ready;
  }

  @Override
  public void onSnapshot(List<DeviceStatus> devices) {
    checkCall("onSnapshot");
    env.violations().check(!hasSnapshot && ready, () -> name + ": unexpected snapshot");
    hasSnapshot = true;
    devices.forEach(each -> seen.put(each.device().id(), each));
    checkSeen();
  }

  @Override
  public void onChanged(DeviceStatus device) {
    checkCall("onChanged " + device.device().id() + " " + device.state());
    DeviceStatus before = seen.put(device.device().id(), device);
    env.violations()
        .check(hasSnapshot && !device.equals(before), () -> name + ": no change: " + device);
    env.violations()
        .check(hub.devices().contains(device), () -> name + ": not the current state: " + device);
  }

  @Override
  public void onRemoved(String deviceId) {
    checkCall("onRemoved " + deviceId);
    DeviceStatus before = seen.remove(deviceId);
    env.violations().check(before != null, () -> name + ": removed twice: " + deviceId);
  }

  @Override
  public void onEnd(StreamException reason) {
    checkCall("onEnd " + reason.reason());
    boolean happened =
        switch (reason.reason()) {
          case NOT_AUTHENTICATED -> revoked;
          case SERVER_STOPPING -> env.stopping().getAsBoolean();
          default -> false;
        };
    env.violations().check(happened, () -> name + ": no cause: " + reason.getMessage());
    ended = true;
    watch = null;
  }

  @Override
  public String toString() {
    return name;
  }
}
