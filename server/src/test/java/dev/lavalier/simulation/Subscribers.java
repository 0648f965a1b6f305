package dev.lavalier.simulation;

import dev.lavalier.audio.PcmFormat;
import dev.lavalier.audio.SampleEncoding;
import dev.lavalier.capture.DeviceDescriptor;
import dev.lavalier.common.StreamException;
import dev.lavalier.common.StreamException.Reason;
import dev.lavalier.hub.Hub;
import dev.lavalier.hub.OnDeviceLoss;
import dev.lavalier.hub.OverflowPolicy;
import dev.lavalier.hub.Subscriber;
import dev.lavalier.hub.SubscriberLimits;
import dev.lavalier.hub.SubscriptionSpec;
import dev.lavalier.hub.SubscriptionSpec.Request;
import dev.lavalier.hub.SubscriptionSpec.RequestedFormat;
import dev.lavalier.hub.SubscriptionStatus;
import dev.lavalier.pipeline.StartFrom;
import dev.lavalier.simulation.SimulatedSubscriber.Readiness;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;

/** Creates random subscribers, lets them pause and leave, and revokes their access. */
final class Subscribers {

  private static final long MILLI = 1_000_000L;

  private final Hub hub;
  private final Environment env;
  private final Scenario scenario;
  private final List<SimulatedLoop> loops;
  private final SplittableRandom random;
  private final SimulatedThread clients;
  private final List<SimulatedSubscriber> all = new ArrayList<>();
  private int created;
  private boolean reading; // all of them, without a pause
  private boolean closed;

  Subscribers(
      Hub hub,
      Environment env,
      Scenario scenario,
      List<SimulatedLoop> loops,
      SplittableRandom random) {
    this.hub = hub;
    this.env = env;
    this.scenario = scenario;
    this.loops = loops;
    this.random = random;
    this.clients = env.scheduler().newThread("clients", true);
  }

  /** Returns all subscribers, including those that ended. */
  List<SimulatedSubscriber> all() {
    return all;
  }

  List<SimulatedSubscriber> active() {
    List<SimulatedSubscriber> active = new ArrayList<>();
    for (SimulatedSubscriber each : all) {
      if (each.isActive()) {
        active.add(each);
      }
    }
    return active;
  }

  /** Returns the longest time for which a frame of a device may wait for a subscriber. */
  long maxAgeNanos(SimulatedDevice device) {
    return all.stream()
        .filter(each -> each.device == device)
        .mapToLong(each -> each.checks.maxAgeNanos())
        .max()
        .orElse(0);
  }

  /** All subscribers are ready from now on, and accept frames in no time; later ones too. */
  void readFromNowOn() {
    reading = true;
    active().forEach(SimulatedSubscriber::readFromNowOn);
  }

  /** Does what one of the subscribers decides to do. */
  void act() {
    List<SimulatedSubscriber> active = active();
    int choice = random.nextInt(10);
    if (active.isEmpty()
        || (choice < 5 && active.size() + created - all.size() < scenario.maxSubscribers())) {
      subscribe();
    } else if (choice < 8) {
      leave(Scenario.pick(active, random));
    } else if (choice == 8) {
      SimulatedSubscriber revoked = Scenario.pick(active, random);
      if (random.nextInt(4) == 0) {
        env.violations().trace(() -> "revoke " + revoked);
        revoked.revoked = true;
        hub.revokeUnauthorized();
      }
    }
  }

  private void leave(SimulatedSubscriber subscriber) {
    SimulatedThread thread = random.nextBoolean() ? subscriber.loop.thread() : clients;
    thread.execute(subscriber::leave);
  }

  /** All subscribers leave. */
  void leaveAll() {
    closed = true;
    active().forEach(this::leave);
  }

  private void subscribe() {
    List<DeviceDescriptor> listed = env.devices().devices().list();
    if (listed.isEmpty()) {
      return;
    }
    // The first devices have more subscribers, so that they share formats and frames.
    DeviceDescriptor chosen = listed.get(random.nextInt(1 + random.nextInt(listed.size())));
    SimulatedDevice device = env.devices().deviceOf(chosen);
    SimulatedLoop loop = Scenario.pick(loops, random);
    try {
      String id = chosen.isDefault() && random.nextBoolean() ? "" : chosen.id();
      DeviceDescriptor resolved = hub.resolve(id, each -> true);
      env.violations().check(resolved.equals(chosen), () -> "resolved as another: " + resolved);
      SubscriptionSpec spec = spec(chosen, device);
      Readiness readiness =
          random.nextInt(2) == 0
              ? Readiness.ALWAYS
              : Scenario.pick(List.of(Readiness.values()), random);
      long work = !env.calm() && random.nextInt(4) == 0 ? random.nextInt(3_000) * 1_000L : 0;
      SimulatedSubscriber subscriber =
          new SimulatedSubscriber(created++, spec, readiness, loop, device, env, work);
      env.violations()
          .trace(() -> "subscribe " + subscriber + " on " + loop.thread() + ": " + spec);
      loop.thread().execute(() -> subscribe(subscriber));
    } catch (StreamException e) {
      env.violations()
          .check(e.reason() == Reason.INVALID_REQUEST, () -> "refused: " + e.getMessage());
    }
  }

  private void subscribe(SimulatedSubscriber subscriber) {
    if (closed) {
      return;
    }
    boolean atLimit = isAtLimit(subscriber);
    try {
      all.add(subscriber);
      subscriber.subscription =
          hub.subscribe(
              subscriber.caller, subscriber.spec, subscriber.loop.deliveryLoop(), subscriber);
      env.violations().check(!atLimit, () -> subscriber + " exceeds a limit");
      if (reading) {
        subscriber.readFromNowOn();
      } else {
        scheduleReadiness(subscriber);
      }
    } catch (StreamException e) {
      boolean happened =
          switch (e.reason()) {
            case SERVER_STOPPING -> env.stopping().getAsBoolean();
            case LIMIT_REACHED -> atLimit;
            default -> false;
          };
      env.violations().check(happened, () -> "refused: " + e.getMessage());
    }
  }

  /** Returns whether one more subscription would exceed a limit. Ended ones do not count. */
  private boolean isAtLimit(SimulatedSubscriber next) {
    SubscriberLimits limits = scenario.limits();
    int ofDevice = 0;
    int ofConnection = 0;
    int ofIdentity = 0;
    List<SubscriptionStatus> active = hub.subscriptions();
    for (SubscriptionStatus each : active) {
      Subscriber caller = each.subscriber();
      ofDevice += each.deviceId().equals(next.spec.deviceId()) ? 1 : 0;
      ofConnection += caller.address().equals(next.caller.address()) ? 1 : 0;
      ofIdentity += caller.identity().equals(next.caller.identity()) ? 1 : 0;
    }
    return active.size() >= limits.total()
        || ofDevice >= limits.perDevice()
        || ofConnection >= limits.perConnection()
        || (ofIdentity >= limits.perIdentity()
            && !next.caller.identity().equals(Subscriber.ANONYMOUS));
  }

  private void scheduleReadiness(SimulatedSubscriber subscriber) {
    switch (subscriber.readiness) {
      case ALWAYS -> {}
      case STALLS -> later(subscriber, 2_000, () -> subscriber.setReady(false));
      case PAUSES -> toggle(subscriber, true);
      case CREDIT -> grant(subscriber);
    }
  }

  private void toggle(SimulatedSubscriber subscriber, boolean ready) {
    later(
        subscriber,
        ready ? 1_000 : 500,
        () -> {
          subscriber.setReady(!ready);
          toggle(subscriber, !ready);
        });
  }

  private void grant(SimulatedSubscriber subscriber) {
    later(
        subscriber,
        200,
        () -> {
          subscriber.grant(1 + random.nextInt(20));
          grant(subscriber);
        });
  }

  private void later(SimulatedSubscriber subscriber, int maxMillis, Runnable task) {
    long at = env.scheduler().now() + random.nextInt(maxMillis) * MILLI;
    env.scheduler()
        .at(
            at,
            clients,
            () -> {
              if (subscriber.isActive()) {
                task.run();
              }
            });
  }

  private SubscriptionSpec spec(DeviceDescriptor chosen, SimulatedDevice device)
      throws StreamException {
    List<SimulatedSubscriber> earlier =
        all.stream()
            .filter(
                each -> each.spec.deviceId().equals(chosen.id()) && each.checks.resumeIndex() >= 0)
            .toList();
    if (!earlier.isEmpty() && random.nextInt(3) == 0) {
      return resumed(chosen, Scenario.pick(earlier, random));
    }
    PcmFormat captured = device.properties.format();
    int rate = random.nextInt(4) == 0 ? otherRate(captured.sampleRateHz()) : 0;
    Optional<SampleEncoding> encoding =
        random.nextInt(4) == 0
            ? Optional.of(random.nextBoolean() ? SampleEncoding.S32LE : SampleEncoding.F32LE)
            : Optional.empty();
    int delivered = rate == 0 ? captured.sampleRateHz() : rate;
    int frameSize = frameSize(delivered, device.periodMillis);
    int latency = latency(frameSize * 1_000 / delivered + 1);
    return SubscriptionSpec.resolve(
        chosen,
        new Request(
            frameSize,
            new RequestedFormat(encoding, rate, random.nextInt(3), List.of()),
            latency,
            random.nextInt(4) == 0 ? OverflowPolicy.CLOSE : OverflowPolicy.DROP_OLDEST,
            random.nextBoolean() ? OnDeviceLoss.WAIT : OnDeviceLoss.FAIL,
            random.nextInt(3) == 0 ? new StartFrom.Preroll(random.nextInt(3_000)) : StartFrom.LIVE,
            env.codec(),
            random.nextBoolean()));
  }

  private SubscriptionSpec resumed(DeviceDescriptor chosen, SimulatedSubscriber earlier)
      throws StreamException {
    SubscriptionSpec spec = earlier.spec;
    return SubscriptionSpec.resolve(
        chosen,
        new Request(
            spec.frameSize(),
            new RequestedFormat(
                Optional.of(spec.format().encoding()),
                spec.format().sampleRateHz(),
                spec.format().channelCount(),
                List.of()),
            spec.maxLatencyMs(),
            spec.overflowPolicy(),
            random.nextBoolean() ? OnDeviceLoss.WAIT : OnDeviceLoss.FAIL,
            new StartFrom.Resume(earlier.checks.epoch(), earlier.checks.resumeIndex()),
            env.codec(),
            false));
  }

  private int otherRate(int captured) {
    return captured == 8_000 ? 16_000 : random.nextBoolean() ? 8_000 : 24_000;
  }

  private int frameSize(int rate, int periodMillis) {
    int period = rate * periodMillis / 1_000;
    return switch (random.nextInt(8)) {
      case 0 -> 0;
      case 1 -> period / 2;
      case 2 -> 2 * period;
      case 3 -> 1 + rate / 20 + random.nextInt(rate / 4);
      case 4 -> random.nextInt(30) == 0 ? 1 + random.nextInt(4) : period / 4 + 1;
      case 5, 6 -> period;
      default -> period / 3 + random.nextInt(3 * period);
    };
  }

  private int latency(int frameMillis) {
    return switch (random.nextInt(6)) {
      case 0, 1, 2 -> 0;
      case 3 -> frameMillis;
      case 4 -> frameMillis + random.nextInt(100);
      default -> 1 + random.nextInt(2_000);
    };
  }
}
