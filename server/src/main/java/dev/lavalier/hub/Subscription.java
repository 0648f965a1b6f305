package dev.lavalier.hub;

import dev.lavalier.audio.CaptureException;
import dev.lavalier.audio.CaptureException.Reason;
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
  private final AtomicBoolean over = new AtomicBoolean();

  // The lane's thread alone.
  private Framer framer; // null: no epoch yet
  private FrameQueue queue;
  private long firstSequence;
  private long nextIndex = -1; // the sample that should come next; -1: no frame yet

  Subscription(SubscriptionSpec spec, Lane lane, FrameSink sink, DeviceActor device) {
    this.spec = spec;
    this.lane = lane;
    this.sink = sink;
    this.device = device;
  }

  SubscriptionSpec spec() {
    return spec;
  }

  Lane lane() {
    return lane;
  }

  /** Has the queue drained soon: call it when the sink has become ready. */
  public void wake() {
    lane.execute(this::drain);
  }

  /**
   * Ends the subscription by the subscriber's wish: cancelled, its deadline past, its connection
   * dead. The sink hears nothing any more, once what runs on the lane now is done.
   */
  public void leave() {
    if (over.compareAndSet(false, true)) {
      lane.execute(() -> lane.remove(this));
      device.leave(this);
    }
  }

  /** Ends it by ours, and tells the sink. The device's actor has forgotten it already. */
  void end(CaptureException reason, Optional<Notice> notice) {
    if (over.compareAndSet(false, true)) {
      lane.execute(
          () -> {
            lane.remove(this);
            drainWhileReady();
            notice.ifPresent(sink::onNotice);
            sink.onEnd(reason);
          });
    }
  }

  /** Begins an epoch, with the next frame that the framer publishes. Called by the actor. */
  void begin(Epoch epoch, Framer from) {
    long sequence = from.ring().head();
    lane.execute(
        () -> {
          if (over.get()) {
            return;
          }
          framer = from;
          queue = new FrameQueue(from.ring(), sequence, spec.queueFrames());
          firstSequence = sequence;
          nextIndex = -1;
          lane.add(this);
          sink.onStarted(new Started(epoch.number(), epoch.format(), spec));
          drain();
        });
  }

  /** On the lane: sends what waits, while the sink is ready. */
  void drain() {
    if (over.get() || queue == null) {
      return;
    }
    if (spec.overflowPolicy() == OverflowPolicy.CLOSE && queue.trim() > 0) {
      overflow();
      return;
    }
    drainWhileReady();
  }

  private void drainWhileReady() {
    Frame frame;
    while (queue != null && sink.isReady() && (frame = queue.poll()) != null) {
      if (nextIndex < 0) {
        nextIndex = framer.sampleIndexOf(firstSequence);
      }
      sink.onFrame(frame, missingBefore(frame));
      nextIndex = frame.sampleIndex() + spec.frameSize();
    }
  }

  /** What lies between the last frame and this one was dropped: nothing else can drop a frame. */
  private Optional<Gap> missingBefore(Frame frame) {
    long missing = frame.sampleIndex() - nextIndex;
    return missing == 0
        ? Optional.empty()
        : Optional.of(new Gap(missing, Gap.Cause.SLOW_SUBSCRIBER, false));
  }

  private void overflow() {
    if (over.compareAndSet(false, true)) {
      lane.remove(this);
      device.leave(this);
      sink.onEnd(
          new CaptureException(
              Reason.QUEUE_OVERFLOW,
              "max_latency_ms: %d (expected: frames taken within it; the queue overflowed)"
                  .formatted(spec.maxLatencyMs())));
    }
  }
}
