package dev.lavalier.simulation;

import dev.lavalier.common.StreamException;
import dev.lavalier.common.StreamException.Reason;
import dev.lavalier.hub.AccessCheck;
import dev.lavalier.hub.FrameSink;
import dev.lavalier.hub.Notice;
import dev.lavalier.hub.StreamStart;
import dev.lavalier.hub.Subscriber;
import dev.lavalier.hub.Subscription;
import dev.lavalier.hub.SubscriptionSpec;
import dev.lavalier.pipeline.Frame;
import dev.lavalier.pipeline.Gap;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** One subscriber: when it is ready, what it received, and whether it has left. */
final class SimulatedSubscriber implements FrameSink {

  /** When a subscriber is ready for frames. */
  enum Readiness {
    /** Always. */
    ALWAYS,
    /** For random times, with random pauses. */
    PAUSES,
    /** Until it stops to read. */
    STALLS,
    /** While it has credit. */
    CREDIT
  }

  private static final int IDENTITIES = 4;

  private static final int CONNECTIONS = 3;

  final String name;
  final SubscriptionSpec spec;
  final Readiness readiness;
  final SimulatedLoop loop;
  SimulatedDevice device; // an equal one until the id was opened
  final Subscriber caller;
  final long createdAt;
  final StreamChecks checks;
  private final Environment env;
  private long workNanos; // that it takes to accept a frame
  @Nullable Subscription subscription; // null: not subscribed, or ended
  @Nullable Reason ended; // why the server ended it; null: it did not
  boolean revoked;
  private final boolean flushed;
  private boolean ready;
  private int credit;
  private boolean left;
  private long leftInStep = -1;
  private long unreadyInStep = -1; // the last step in which it was not ready
  private long frameInStep = -1; // the step of the last frame
  private long earlierFrameInStep = -1; // of the last frame in an earlier turn
  private long readySince;
  boolean everUnready;
  private long unreadyAt = Long.MIN_VALUE; // the last time at which it was not ready
  long turns; // on its delivery loop
  private long lastTurnStep = -1;

  SimulatedSubscriber(
      int number,
      SubscriptionSpec spec,
      Readiness readiness,
      SimulatedLoop loop,
      SimulatedDevice device,
      Environment env,
      long workNanos) {
    this.name = "s" + number;
    this.flushed = number % 2 == 0;
    this.spec = spec;
    this.readiness = readiness;
    this.loop = loop;
    this.device = device;
    this.env = env;
    this.workNanos = workNanos;
    this.createdAt = env.scheduler().now();
    this.checks = new StreamChecks(this, env);
    this.ready = readiness != Readiness.CREDIT;
    this.readySince = createdAt;
    this.caller =
        new Subscriber(
            number % IDENTITIES == 0 ? Subscriber.ANONYMOUS : "user" + number % IDENTITIES,
            "connection" + number % CONNECTIONS,
            new AccessCheck() {
              @Override
              public Optional<StreamException> denialReason(String deviceId) {
                return revoked
                    ? Optional.of(new StreamException(Reason.NOT_AUTHENTICATED, "revoked"))
                    : Optional.empty();
              }
            });
  }

  // The subscriber's side.

  /** Becomes ready for frames, or stops to be. */
  void setReady(boolean next) {
    changeReadiness(() -> ready = next);
  }

  /** Grants credit for more frames. */
  void grant(int frames) {
    changeReadiness(() -> credit += frames);
  }

  /** Is ready from now on, and accepts frames in no time. */
  void readFromNowOn() {
    workNanos = 0;
    changeReadiness(
        () -> {
          ready = true;
          credit += 1_000;
        });
  }

  private void changeReadiness(Runnable change) {
    boolean before = acceptsFrames();
    change.run();
    boolean after = acceptsFrames();
    if (!after) {
      noteUnready();
    } else if (!before) {
      readySince = env.scheduler().now();
    }
    if (after && subscription != null) {
      subscription.wake();
    }
  }

  private boolean acceptsFrames() {
    return readiness == Readiness.CREDIT ? credit > 0 : ready;
  }

  private void noteUnready() {
    unreadyInStep = env.scheduler().steps();
    everUnready = true;
    unreadyAt = env.scheduler().now();
  }

  /** Returns whether it was not ready at some time since {@code nanos}, on the steady clock. */
  boolean wasUnreadySince(long nanos) {
    return unreadyAt >= nanos;
  }

  /** Leaves: the call is cancelled. */
  void leave() {
    if (subscription != null) {
      env.violations().trace(() -> name + " leaves");
      left = subscription.cancel("left"); // false: onEnd follows
      leftInStep = env.scheduler().steps();
      subscription = null;
    }
  }

  boolean isActive() {
    return subscription != null;
  }

  /** Returns whether it was not ready at some time since its last turn with a frame. */
  boolean wasUnready() {
    return unreadyInStep >= earlierFrameInStep && unreadyInStep >= 0;
  }

  /** Returns the steady time since which it is ready; the maximum value if it is not. */
  long readySince() {
    return acceptsFrames() ? readySince : Long.MAX_VALUE;
  }

  // FrameSink.

  private void checkCall(String call) {
    env.violations().trace(() -> name + "." + call);
    env.violations()
        .check(
            env.scheduler().current() == loop.thread(),
            () -> name + "." + call + " on another thread");
    env.violations()
        .check(ended == null, () -> name + "." + call + " after its end (" + ended + ")");
    env.violations()
        .check(
            !left || leftInStep == env.scheduler().steps(),
            () -> name + "." + call + " after it left");
  }

  @Override
  public boolean isReady() {
    if (lastTurnStep != env.scheduler().steps()) {
      lastTurnStep = env.scheduler().steps();
      turns++;
      loop.onTurn(this);
      env.violations().trace(() -> name + " has a turn, ready: " + acceptsFrames());
    }
    if (!acceptsFrames()) {
      noteUnready();
    }
    return acceptsFrames();
  }

  /** Half of the subscribers share tasks of their loop, as those with direct frames do. */
  @Override
  public boolean isFlushed() {
    return flushed;
  }

  @Override
  public void onStarted(StreamStart started) {
    checkCall("onStarted");
    device = env.devices().deviceOf(spec.deviceId(), device);
    if (!acceptsFrames()) {
      noteUnready();
    }
    checks.onStarted(started);
  }

  @Override
  public void onFrame(Frame frame, Optional<Gap> gap) {
    checkCall("onFrame");
    env.violations().check(acceptsFrames(), () -> name + ": frame while it is not ready");
    if (frameInStep != env.scheduler().steps()) {
      earlierFrameInStep = frameInStep;
      frameInStep = env.scheduler().steps();
    }
    checks.onFrame(frame, gap);
    if (readiness == Readiness.CREDIT) {
      credit--;
      if (credit == 0) {
        noteUnready();
      }
    }
    env.scheduler().work(workNanos);
  }

  @Override
  public void onNotice(Notice notice) {
    checkCall("onNotice " + notice.kind());
    device = env.devices().deviceOf(spec.deviceId(), device);
    checks.onNotice(notice);
  }

  @Override
  public void onEnd(StreamException reason) {
    checkCall("onEnd " + reason.reason());
    device = env.devices().deviceOf(spec.deviceId(), device);
    checks.onEnd(reason);
    ended = reason.reason();
    subscription = null;
  }

  @Override
  public String toString() {
    return name;
  }
}
