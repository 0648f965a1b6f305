package dev.lavalier.simulation;

import dev.lavalier.common.StreamException;
import dev.lavalier.hub.DeliveryLoop;
import dev.lavalier.hub.FrameSink;
import dev.lavalier.hub.Notice;
import dev.lavalier.hub.StreamStart;
import dev.lavalier.hub.Subscription;
import dev.lavalier.hub.SubscriptionSpec;
import dev.lavalier.pipeline.Frame;
import dev.lavalier.pipeline.Gap;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** A subscriber of an edge: when it is ready, and what it received. */
final class FleetSubscriber implements FrameSink {

  final String name;
  final String user;
  final FleetServers.Edge edge;
  final int loopNumber;
  final DeliveryLoop loop;
  final FleetServers.Node node;
  final SubscriptionSpec spec;
  final FleetStreamChecks checks;
  private final FleetWorld world;
  private final boolean flushed;
  @Nullable Subscription subscription; // null: not subscribed, or ended
  private boolean ready = true;
  private long unreadyAt = Long.MIN_VALUE; // the last time at which it was not ready

  FleetSubscriber(
      int number,
      String user,
      FleetServers.Edge edge,
      SubscriptionSpec spec,
      FleetServers servers,
      FleetWorld world) {
    this.name = "s" + number;
    this.user = user;
    this.edge = edge;
    this.loopNumber = number % edge.machine().loops.size();
    this.loop = edge.machine().loops.get(loopNumber);
    this.node = servers.nodeOf(spec.deviceId());
    this.spec = spec;
    this.world = world;
    this.flushed = number % 4 != 0;
    this.checks = new FleetStreamChecks(this, servers, world);
  }

  /** Is not ready for frames for a time. */
  void pause(long nanos) {
    if (ready) {
      world.trace(() -> "%s pauses for %d ms".formatted(name, nanos / 1_000_000));
      ready = false;
      world
          .scheduler()
          .at(world.scheduler().now() + nanos, world.operator(), this::continueReading);
    }
  }

  private void continueReading() {
    unreadyAt = world.scheduler().now();
    ready = true;
    if (subscription != null) {
      subscription.wake();
    }
  }

  /** Returns whether it was not ready at some time since a time. */
  boolean wasUnreadySince(long nanos) {
    return !ready || unreadyAt >= nanos;
  }

  @Override
  public boolean isReady() {
    return ready;
  }

  /** Most subscribers share tasks of their loop, as those with direct frames do. */
  @Override
  public boolean isFlushed() {
    return flushed;
  }

  @Override
  public void onStarted(StreamStart started) {
    world.trace(() -> name + " starts epoch " + started.epoch());
    checks.onStarted(started);
  }

  @Override
  public void onFrame(Frame frame, Optional<Gap> gap) {
    world.check(ready, () -> name + ": a frame while it is not ready");
    checks.onFrame(frame, gap);
  }

  @Override
  public void onNotice(Notice notice) {
    world.trace(() -> name + ": " + notice.message());
    checks.onNotice(notice);
  }

  @Override
  public void onEnd(StreamException reason) {
    world.trace(() -> name + " ends: " + reason.getMessage());
    checks.onEnd(reason);
    subscription = null;
  }

  @Override
  public String toString() {
    return name;
  }
}
