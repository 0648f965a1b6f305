package dev.lavalier.hub;

import dev.lavalier.audio.CaptureException;
import dev.lavalier.audio.CaptureException.Reason;
import dev.lavalier.audio.Conversion;
import dev.lavalier.audio.PcmFormat;
import dev.lavalier.audio.Ticker;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * One subscriber of one device.
 *
 * <p>{@link #wake} and {@link #leave} may be called from any thread, never block, and may be called
 * again. Everything that touches the sink runs on the lane.
 */
public final class Subscription {

  private final SubscriptionSpec spec;
  private final Lane lane;
  private final FrameSink sink;
  private final DeviceActor device;
  private final Context context;
  private final AtomicBoolean over = new AtomicBoolean();
  private final Runnable drain = this::drain; // made once, and not for each frame

  // The lane's thread alone.
  private Framer framer; // null: no epoch yet
  private FrameQueue queue;
  private long nextIndex; // the sample that should come next; -1: the framer's first
  private long lostBefore; // what the device had lost by then
  private Frame lastSent; // null: none yet
  private boolean returned; // in a later epoch, and no frame sent in it yet
  private long lastTakenNanos; // when it last took a frame, or had taken all there were

  /**
   * What every subscription of a hub shares.
   *
   * @param stallLimit how long frames may wait while the sink takes none, before it is ended
   * @param onOver called once for each subscription, when it is over
   */
  record Context(Ticker ticker, Duration stallLimit, Runnable onOver) {}

  Subscription(
      SubscriptionSpec spec, Lane lane, FrameSink sink, DeviceActor device, Context context) {
    this.spec = spec;
    this.lane = lane;
    this.sink = sink;
    this.device = device;
    this.context = context;
  }

  SubscriptionSpec spec() {
    return spec;
  }

  Lane lane() {
    return lane;
  }

  /** Has the queue drained soon: call it when the sink has become ready. */
  public void wake() {
    lane.execute(drain);
  }

  /**
   * Ends the subscription by the subscriber's wish: cancelled, its deadline past, its connection
   * dead. The sink hears nothing any more, once what runs on the lane now is done.
   *
   * @return whether it was still running
   */
  public boolean leave() {
    boolean first = finish();
    if (first) {
      lane.execute(() -> lane.remove(this));
      device.leave(this);
    }
    return first;
  }

  /** Ends it for a reason of the subscriber's own, and tells the sink. */
  public void fail(CaptureException reason) {
    if (finish()) {
      device.leave(this);
      lane.execute(
          () -> {
            lane.remove(this);
            sink.onEnd(reason);
          });
    }
  }

  /** Returns whether this was the call that ended it. */
  private boolean finish() {
    boolean first = over.compareAndSet(false, true);
    if (first) {
      context.onOver().run();
    }
    return first;
  }

  /** Ends it by ours, and tells the sink. The device's actor has forgotten it already. */
  void end(CaptureException reason, Optional<Notice> notice) {
    if (finish()) {
      lane.execute(
          () -> {
            lane.remove(this);
            drainWhileReady(context.ticker().nanoTime());
            notice.ifPresent(sink::onNotice);
            sink.onEnd(reason);
          });
    }
  }

  /**
   * Begins an epoch, with the next frame that the framer publishes. Called by the actor. What still
   * waits of an earlier epoch is dropped, and counted in the gap between the two.
   */
  void begin(long epoch, Conversion conversion, Framer from) {
    Frame latest = from.ring().latest();
    lane.execute(
        () -> {
          if (over.get()) {
            return;
          }
          if (framer == null) {
            lane.add(this);
          }
          framer = from;
          queue =
              new FrameQueue(
                  from.ring(), FrameRing.headAfter(latest), spec.queueFrames(), maxAgeNanos());
          nextIndex = latest == null ? -1 : latest.sampleIndex() + spec.frameSize();
          lostBefore = latest == null ? 0 : latest.lostBefore();
          returned = lastSent != null;
          lastTakenNanos = context.ticker().nanoTime();
          sink.onStarted(new Started(epoch, conversion, spec));
          drain();
        });
  }

  /** Tells the sink something, and goes on. Called by the actor. */
  void tell(Notice notice) {
    lane.execute(
        () -> {
          if (!over.get()) {
            sink.onNotice(notice);
          }
        });
  }

  /** On the lane: sends what waits, while the sink is ready. */
  void drain() {
    if (over.get() || queue == null) {
      return;
    }
    long now = context.ticker().nanoTime();
    if (spec.overflowPolicy() == OverflowPolicy.CLOSE && queue.overflows(now)) {
      fail(
          new CaptureException(
              Reason.QUEUE_OVERFLOW,
              "max_latency_ms: %d (expected: frames taken within it; the queue overflowed)"
                  .formatted(spec.maxLatencyMs())));
      return;
    }
    drainWhileReady(now);
    noteStall(now);
  }

  private void noteStall(long now) {
    if (queue.isEmpty()) {
      lastTakenNanos = now;
    } else if (now - lastTakenNanos > context.stallLimit().toNanos()) {
      fail(
          new CaptureException(
              Reason.SUBSCRIBER_STALLED,
              "nothing was taken for %d s; subscribe again"
                  .formatted(context.stallLimit().toSeconds())));
    }
  }

  private long maxAgeNanos() {
    return spec.maxLatencyMs() * 1_000_000L;
  }

  private void drainWhileReady(long now) {
    Frame frame;
    while (queue != null && sink.isReady() && (frame = queue.poll(now)) != null) {
      sink.onFrame(frame, returned ? missingSinceLoss(frame) : missingBefore(frame));
      returned = false;
      lastTakenNanos = now;
      lastSent = frame;
      nextIndex = frame.sampleIndex() + spec.frameSize();
      lostBefore = frame.lostBefore();
    }
  }

  /** What lies between the last frame and this one was dropped here, or lost by the device. */
  private Optional<Gap> missingBefore(Frame frame) {
    long expected = nextIndex < 0 ? framer.firstIndex() : nextIndex;
    long missing = frame.sampleIndex() - expected;
    if (missing == 0) {
      return Optional.empty();
    }
    boolean byDevice = frame.lostBefore() > lostBefore;
    return Optional.of(
        new Gap(
            missing, byDevice ? Gap.Cause.DEVICE_OVERRUN : Gap.Cause.SLOW_SUBSCRIBER, byDevice));
  }

  /** The last frame sent was of an earlier epoch: the clock alone knows what lies between. */
  private Optional<Gap> missingSinceLoss(Frame frame) {
    PcmFormat format = spec.format();
    long missing =
        format.samplesIn(frame.captureNanos() - lastSent.captureNanos()) - spec.frameSize();
    return missing <= 0
        ? Optional.empty()
        : Optional.of(new Gap(missing, Gap.Cause.DEVICE_LOST, true));
  }
}
