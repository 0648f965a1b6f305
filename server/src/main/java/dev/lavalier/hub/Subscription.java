package dev.lavalier.hub;

import dev.lavalier.audio.StreamException;
import dev.lavalier.audio.StreamException.Reason;
import dev.lavalier.audio.Conversion;
import dev.lavalier.audio.PcmFormat;
import dev.lavalier.audio.TimeSource;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BiConsumer;

/**
 * One subscriber of one device.
 *
 * <p>{@link #wake} and {@link #cancel} may be called from any thread, never block, and may be called
 * again. Everything that touches the sink runs on the lane.
 */
public final class Subscription {

  private final long id;
  private final Subscriber subscriber;
  private final long sinceUnixNanos;
  private final SubscriptionSpec spec;
  private final DeliveryLoop deliveryLoop;
  private final FrameSink sink;
  private final DeviceActor device;
  private final SubscriptionServices services;
  private final AtomicBoolean closed = new AtomicBoolean();
  private final Runnable drain = this::drain; // made once, and not for each frame

  // Written on the lane alone, read by whoever wants to know.
  private final AtomicLong frames = new AtomicLong();
  private final AtomicLong bytes = new AtomicLong();
  private final AtomicLong samplesLost = new AtomicLong();

  // The lane's thread alone.
  private CapturePipeline pipeline; // null: none yet
  private Conversion conversion;
  private Framer framer;
  private LiveSource liveSource;
  private ReplaySource replay; // null: it has caught up with the present
  private long nextIndex; // the sample that should come next; -1: the framer's first
  private long deviceLossBefore; // what the device had lost by then
  private Frame lastSent; // null: none yet
  private boolean firstFrameOfEpoch; // no frame sent in this epoch yet
  private long lastProgressNanos; // when it last took a frame, or had taken all there were

  /**
   * What every subscription of a hub shares.
   *
   * @param stallTimeout how long frames may wait while the sink takes none, before it is ended
   * @param onClosed called once for each subscription, when it is over, with why in a few words
   */
  record SubscriptionServices(
      TimeSource timeSource,
      Duration stallTimeout,
      HubObserver observer,
      BiConsumer<Subscription, String> onClosed) {}

  Subscription(
      long id,
      Subscriber subscriber,
      SubscriptionSpec spec,
      DeliveryLoop deliveryLoop,
      FrameSink sink,
      DeviceActor device,
      SubscriptionServices services) {
    this.id = id;
    this.subscriber = subscriber;
    this.sinceUnixNanos = services.timeSource().unixNanos();
    this.spec = spec;
    this.deliveryLoop = deliveryLoop;
    this.sink = sink;
    this.device = device;
    this.services = services;
  }

  Subscriber subscriber() {
    return subscriber;
  }

  /** Returns what has become of it so far. From any thread. */
  SubscriptionStatus status() {
    return new SubscriptionStatus(
        id,
        subscriber,
        spec.deviceId(),
        spec.format(),
        spec.frameSize(),
        sinceUnixNanos,
        frames.get(),
        bytes.get(),
        samplesLost.get());
  }

  SubscriptionSpec spec() {
    return spec;
  }

  DeliveryLoop deliveryLoop() {
    return deliveryLoop;
  }

  /** Has the queue drained soon: call it when the sink has become ready. */
  public void wake() {
    deliveryLoop.execute(drain);
  }

  /**
   * Ends the subscription by the subscriber's wish: cancelled, its deadline past, its connection
   * dead. The sink hears nothing any more, once what runs on the lane now is done.
   *
   * @param reason in a few words, for the records
   * @return whether it was still running
   */
  public boolean cancel(String reason) {
    boolean first = finish(reason);
    if (first) {
      deliveryLoop.execute(() -> deliveryLoop.remove(this));
      device.cancel(this);
    }
    return first;
  }

  /** Ends it for a reason of the subscriber's own, and tells the sink. */
  public void fail(StreamException reason) {
    if (finish(reason.getMessage())) {
      device.cancel(this);
      deliveryLoop.execute(
          () -> {
            deliveryLoop.remove(this);
            sink.onEnd(reason);
          });
    }
  }

  /** Returns whether this was the call that ended it. */
  private boolean finish(String reason) {
    boolean first = closed.compareAndSet(false, true);
    if (first) {
      services.onClosed().accept(this, reason);
    }
    return first;
  }

  /** Ends it by ours, and tells the sink. The device's actor has forgotten it already. */
  void close(StreamException reason, Optional<Notice> notice) {
    if (finish(reason.getMessage())) {
      deliveryLoop.execute(
          () -> {
            deliveryLoop.remove(this);
            drainWhileReady(services.timeSource().nanoTime());
            notice.ifPresent(sink::onNotice);
            sink.onEnd(reason);
          });
    }
  }

  /**
   * Begins an epoch: where {@link SubscriptionSpec#start} says, or with the next frame that the
   * framer publishes. Called by the actor. What still waits of an earlier epoch is dropped, and
   * counted in the gap between the two.
   */
  void start(CapturePipeline newPipeline, Conversion newConversion, Framer newFramer) {
    Frame latest = newFramer.ring().latest();
    StartPosition startPosition = newPipeline.startPosition(spec, newConversion);
    ReplaySource newReplay = newPipeline.replay(startPosition, newConversion, spec, FrameRing.headAfter(latest));
    deliveryLoop.execute(
        () -> {
          if (closed.get()) {
            return;
          }
          if (pipeline == null) {
            deliveryLoop.add(this);
          }
          pipeline = newPipeline;
          conversion = newConversion;
          framer = newFramer;
          replay = newReplay;
          switchToLive(latest);
          if (lastSent == null && startPosition.index() >= 0) {
            nextIndex = startPosition.index();
          }
          firstFrameOfEpoch = true;
          lastProgressNanos = services.timeSource().nanoTime();
          sink.onStarted(new StreamStart(newPipeline.number(), newConversion, spec, startPosition.prerollMillis()));
          drain();
        });
  }

  private void switchToLive(Frame latest) {
    liveSource =
        new LiveSource(
            framer.ring(), FrameRing.headAfter(latest), spec.queueFrames(), maxAgeNanos());
    nextIndex = latest == null ? -1 : latest.sampleIndex() + spec.frameSize();
    deviceLossBefore = latest == null || replay != null ? 0 : latest.deviceLossBefore();
  }

  /** Tells the sink something, and goes on. Called by the actor. */
  void sendNotice(Notice notice) {
    deliveryLoop.execute(
        () -> {
          if (!closed.get()) {
            sink.onNotice(notice);
          }
        });
  }

  /** On the lane: sends what waits, while the sink is ready. */
  void drain() {
    if (closed.get() || liveSource == null) {
      return;
    }
    long now = services.timeSource().nanoTime();
    if (replay != null) {
      replay.replenish(framer.ring().head());
    }
    if (spec.overflowPolicy() == OverflowPolicy.CLOSE && overflows(now)) {
      fail(
          new StreamException(
              Reason.QUEUE_OVERFLOW,
              "max_latency_ms: %d (expected: frames taken within it; the queue overflowed)"
                  .formatted(spec.maxLatencyMs())));
      return;
    }
    drainWhileReady(now);
    checkStall(now);
    if (replay != null && replay.hasMoreWork() && sink.isReady()) {
      wake();
    }
  }

  private boolean overflows(long now) {
    return replay == null ? liveSource.overflows(now) : replay.isLapped();
  }

  private void checkStall(long now) {
    if (replay == null ? liveSource.isEmpty() : replay.isEmpty()) {
      lastProgressNanos = now;
    } else if (now - lastProgressNanos > services.stallTimeout().toNanos()) {
      fail(
          new StreamException(
              Reason.SUBSCRIBER_STALLED,
              "nothing was taken for %d s; subscribe again"
                  .formatted(services.stallTimeout().toSeconds())));
    }
  }

  private long maxAgeNanos() {
    return spec.maxLatencyMs() * 1_000_000L;
  }

  private void drainWhileReady(long now) {
    Frame frame;
    while (liveSource != null && sink.isReady() && (frame = poll(now)) != null) {
      if (frame.sampleIndex() >= nextIndex) { // else it lies before the beginning
        Optional<Gap> gap = firstFrameOfEpoch ? gapBeforeFirst(frame) : gapBefore(frame);
        sink.onFrame(frame, gap);
        recordSent(frame, gap, now);
        firstFrameOfEpoch = false;
        lastProgressNanos = now;
        lastSent = frame;
        nextIndex = frame.sampleIndex() + spec.frameSize();
        if (replay != null) {
          replay.onFrameSent();
        }
      }
      deviceLossBefore = frame.deviceLossBefore();
    }
  }

  /** This thread alone writes, so no compare-and-set is needed. */
  private void recordSent(Frame frame, Optional<Gap> gap, long now) {
    frames.setRelease(frames.getPlain() + 1);
    bytes.setRelease(bytes.getPlain() + frame.message().length);
    device.streamMetrics().onFrameSent(frame.message().length, now - frame.readNanos());
    if (gap.isPresent()) {
      samplesLost.setRelease(samplesLost.getPlain() + gap.get().sampleCount());
      device.streamMetrics().onSamplesLost(gap.get());
      services.observer().onGap(status(), gap.get());
    }
  }

  private Frame poll(long now) {
    if (replay != null) {
      Frame latest = framer.ring().latest();
      if (latest == null || nextIndex <= latest.sampleIndex()) {
        return replay.poll();
      }
      long next = nextIndex;
      replay = null;
      switchToLive(latest);
      nextIndex = next; // it may have overtaken the framer
    }
    return liveSource.poll(now);
  }

  private Optional<Gap> gapBeforeFirst(Frame frame) {
    if (lastSent != null) {
      return gapSinceDeviceLoss(frame);
    }
    if (spec.start() instanceof StartFrom.Resume resume) {
      return resume.epoch() == pipeline.number()
          ? gapSinceResumePoint(frame)
          : gapSinceEarlierEpoch(resume, frame);
    }
    return gapBefore(frame);
  }

  /** Counted; but what the device lost in that time was not. */
  private Optional<Gap> gapSinceResumePoint(Frame frame) {
    boolean estimated = pipeline.overrunEnd() > conversion.inputIndexFor(nextIndex);
    return gapBefore(frame)
        .map(
            gap ->
                gap.cause() == Gap.Cause.DEVICE_OVERRUN
                    ? gap
                    : new Gap(gap.sampleCount(), Gap.Cause.NOT_KEPT, estimated));
  }

  /** An epoch's number is the time at which it began. */
  private Optional<Gap> gapSinceEarlierEpoch(StartFrom.Resume resume, Frame frame) {
    PcmFormat format = spec.format();
    TimeSource timeSource = services.timeSource();
    long unixNanos = resume.epoch() * 1_000 + format.nanosOf(resume.sampleIndex());
    long nanos = unixNanos - (timeSource.unixNanos() - timeSource.nanoTime());
    return estimatedGap(format.samplesIn(frame.captureNanos() - nanos), Gap.Cause.NOT_KEPT);
  }

  private static Optional<Gap> estimatedGap(long missing, Gap.Cause cause) {
    return missing <= 0 ? Optional.empty() : Optional.of(new Gap(missing, cause, true));
  }

  /** What lies between the last frame and this one was dropped here, or lost by the device. */
  private Optional<Gap> gapBefore(Frame frame) {
    long expected = nextIndex < 0 ? framer.firstIndex() : nextIndex;
    long missing = frame.sampleIndex() - expected;
    if (missing == 0) {
      return Optional.empty();
    }
    boolean byDevice = frame.deviceLossBefore() > deviceLossBefore;
    return Optional.of(
        new Gap(
            missing, byDevice ? Gap.Cause.DEVICE_OVERRUN : Gap.Cause.SLOW_SUBSCRIBER, byDevice));
  }

  /** The last frame sent was of an earlier epoch: the clock alone knows what lies between. */
  private Optional<Gap> gapSinceDeviceLoss(Frame frame) {
    PcmFormat format = spec.format();
    long missing =
        format.samplesIn(frame.captureNanos() - lastSent.captureNanos()) - spec.frameSize();
    return estimatedGap(missing, Gap.Cause.DEVICE_LOST);
  }
}
