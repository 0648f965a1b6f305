package dev.lavalier.simulation;

import static dev.lavalier.simulation.FleetServers.SECOND;

import dev.lavalier.audio.PcmFormat;
import dev.lavalier.capture.DeviceDescriptor;
import dev.lavalier.common.StreamException;
import dev.lavalier.hub.OnDeviceLoss;
import dev.lavalier.hub.OverflowPolicy;
import dev.lavalier.hub.Subscriber;
import dev.lavalier.hub.SubscriptionSpec;
import dev.lavalier.hub.SubscriptionSpec.Request;
import dev.lavalier.hub.SubscriptionSpec.RequestedFormat;
import dev.lavalier.pipeline.FrameCodec;
import dev.lavalier.pipeline.StartFrom;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;

/** The subscribers of a fleet: they come, pause, leave, resume elsewhere, and lose their access. */
final class FleetClients {

  private static final FrameCodec PCM = FrameCodec.stateless(frame -> frame.pcm().clone());

  private static final List<Integer> RATES = List.of(8_000, 11_025, 16_000);

  private static final int USERS = 4;

  private static final int POSITIONS = 50; // to resume at

  private final FleetWorld world;
  private final FleetServers servers;
  private final FleetSize size;
  private final SplittableRandom random;
  private final List<FleetSubscriber> all = new ArrayList<>(); // that have not left
  private final List<FleetSubscriber> earlier = new ArrayList<>(); // the last that have left
  private int created;

  FleetClients(FleetWorld world, FleetServers servers, FleetSize size, SplittableRandom random) {
    this.world = world;
    this.servers = servers;
    this.size = size;
    this.random = random;
  }

  private <T> T pick(List<T> from) {
    return from.get(random.nextInt(from.size()));
  }

  /** Lets somebody subscribe. */
  void subscribe() {
    FleetServers.Edge edge = pick(servers.edges());
    List<DeviceDescriptor> devices = edge.devices().list();
    if (devices.isEmpty() || all.size() >= size.subscribers()) {
      return;
    }
    try {
      // The first devices have more subscribers, so that they share blocks and frames.
      DeviceDescriptor device = devices.get(random.nextInt(1 + random.nextInt(devices.size())));
      String user = "user" + random.nextInt(USERS);
      if (edge.grants().denies(user, device.id())) {
        return; // the service refuses it
      }
      FleetSubscriber subscriber =
          new FleetSubscriber(created++, user, edge, spec(device), servers, world);
      world.trace(
          () -> "%s subscribes %s on %s".formatted(subscriber, subscriber.spec, edge.name()));
      Subscriber caller =
          new Subscriber(user, subscriber.name, edge.grants().access(user, device.id()));
      subscriber.subscription =
          edge.hub().subscribe(caller, subscriber.spec, subscriber.loop, subscriber);
      all.add(subscriber);
    } catch (StreamException e) {
      world.check(false, () -> "a subscription was refused: " + e.getMessage());
    }
  }

  /** Half of the subscriptions resume where another one ended, on any edge. */
  private SubscriptionSpec spec(DeviceDescriptor device) throws StreamException {
    List<FleetSubscriber> positions =
        earlier.stream()
            .filter(each -> each.spec.deviceId().equals(device.id()) && each.checks.nextIndex > 0)
            .toList();
    int frameSize = pick(List.of(40, 80, 160, 200));
    if (positions.isEmpty() || random.nextBoolean()) {
      return spec(device, frameSize, format(), StartFrom.LIVE);
    }
    FleetSubscriber position = pick(positions);
    PcmFormat format = position.spec.format();
    long index = position.checks.nextIndex / frameSize * frameSize;
    return spec(
        device,
        frameSize,
        new RequestedFormat(
            Optional.empty(),
            format.sampleRateHz(),
            format.channelCount(),
            position.spec.channelMap()),
        new StartFrom.Resume(position.checks.epoch, index));
  }

  private SubscriptionSpec spec(
      DeviceDescriptor device, int frameSize, RequestedFormat format, StartFrom start)
      throws StreamException {
    return SubscriptionSpec.resolve(
        device,
        new Request(
            frameSize,
            format,
            200,
            OverflowPolicy.DROP_OLDEST,
            random.nextInt(3) == 0 ? OnDeviceLoss.FAIL : OnDeviceLoss.WAIT,
            start,
            PCM,
            false));
  }

  /** Most subscriptions are as captured. Others have another rate, or only some channels. */
  private RequestedFormat format() {
    int rate = random.nextInt(100) < size.resampledPercent() ? pick(RATES) : 0;
    List<Integer> channels =
        random.nextInt(4) == 0
            ? pick(List.of(List.of(1), List.of(2), List.of(2, 1), List.of(1, 2, 1)))
            : List.of();
    return new RequestedFormat(Optional.empty(), rate, 0, channels);
  }

  /** A subscriber leaves. */
  void leaveOne() {
    if (!all.isEmpty()) {
      leave(pick(all));
    }
  }

  private void leave(FleetSubscriber subscriber) {
    all.remove(subscriber);
    remember(subscriber);
    if (subscriber.subscription != null) {
      world.trace(() -> subscriber + " leaves");
      var unused = subscriber.subscription.cancel("left");
      subscriber.subscription = null;
    }
  }

  private void remember(FleetSubscriber left) {
    earlier.add(left);
    if (earlier.size() > POSITIONS) {
      earlier.remove(0);
    }
  }

  /** All subscribers leave. */
  void leaveAll() {
    List.copyOf(all).forEach(this::leave);
  }

  /** A subscriber does not read for a time. */
  void pauseOne() {
    if (!all.isEmpty()) {
      pick(all).pause(random.nextLong(2 * SECOND));
    }
  }

  /** Revokes the access of the user of a subscriber to a node, or grants it again. */
  void changeGrant() {
    if (all.isEmpty()) {
      return;
    }
    FleetSubscriber of = pick(all);
    long now = world.scheduler().now();
    world.grants().change(of.user, of.spec.deviceId(), now);
    world.trace(() -> "changes the grant of %s for %s".formatted(of.user, of.node.name));
    long ended = now + FleetGrants.INTERVAL_NANOS + 1;
    world.scheduler().at(ended, world.operator(), () -> checkRevoked(now));
  }

  /** Checks that the subscriptions have ended whose access was revoked at a time. */
  private void checkRevoked(long revokedAt) {
    for (FleetSubscriber each : all) {
      world.check(
          each.subscription == null
              || world.grants().revokedAt(each.user, each.spec.deviceId()) != revokedAt,
          () -> each + " continues without access");
    }
  }

  /** Forgets the subscribers of an edge that is killed. */
  void onKilled(FleetServers.Edge edge) {
    all.removeIf(
        each -> {
          if (each.edge.machine() == edge.machine()) {
            remember(each);
            each.subscription = null;
          }
          return each.edge.machine() == edge.machine();
        });
  }

  /**
   * Returns the subscribers that got no frame since a time, and have not ended. An edge refuses an
   * epoch of a node whose clock was set back, for as long as another edge keeps that epoch open.
   */
  List<FleetSubscriber> waitingSince(long nanos) {
    return all.stream()
        .filter(each -> each.subscription != null && each.checks.lastFrameAt <= nanos)
        .filter(each -> !each.node.wasSetBack())
        .toList();
  }
}
