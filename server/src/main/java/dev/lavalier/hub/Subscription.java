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
 * <p>{@link #wake} and {@link #leave} may be called from any thread, never block, and may be called
 * again. Everything that touches the sink runs on the lane.
 */
public final class Subscription {

  private final long id;
  private final Subscriber subscriber;
  private final long sinceUnixNanos;
  private final SubscriptionSpec spec;
  private final Lane lane;
  private final FrameSink sink;
  private final DeviceActor device;
  private final Context context;
  private final AtomicBoolean over = new AtomicBoolean();
  private final Runnable drain = this::drain; // made once, and not for each frame

  // Written on the lane alone, read by whoever wants to know.
  private final AtomicLong frames = new AtomicLong();
  private final AtomicLong bytes = new AtomicLong();
  private final AtomicLong samplesLost = new AtomicLong();

  // The lane's thread alone.
  private Epoch epoch; // null: none yet
  private Conversion conversion;
  private Framer framer;
  private FrameQueue queue;
  private Replay replay; // null: it has caught up with the present
  private long nextIndex; // the sample that should come next; -1: the framer's first
  private long lostBefore; // what the device had lost by then
  private Frame lastSent; // null: none yet
  private boolean fresh; // no frame sent in this epoch yet
  private long lastTakenNanos; // when it last took a frame, or had taken all there were

  /**
   * What every subscription of a hub shares.
   *
   * @param stallLimit how long frames may wait while the sink takes none, before it is ended
   * @param onOver called once for each subscription, when it is over, with why in a few words
   */
  record Context(
      TimeSource ticker,
      Duration stallLimit,
      HubObserver observer,
      BiConsumer<Subscription, String> onOver) {}

  Subscription(
      long id,
      Subscriber subscriber,
      SubscriptionSpec spec,
      Lane lane,
      FrameSink sink,
      DeviceActor device,
      Context context) {
    this.id = id;
    this.subscriber = subscriber;
    this.sinceUnixNanos = context.ticker().unixNanos();
    this.spec = spec;
    this.lane = lane;
    this.sink = sink;
    this.device = device;
    this.context = context;
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
   * @param why in a few words, for the records
   * @return whether it was still running
   */
  public boolean leave(String why) {
    boolean first = finish(why);
    if (first) {
      lane.execute(() -> lane.remove(this));
      device.leave(this);
    }
    return first;
  }

  /** Ends it for a reason of the subscriber's own, and tells the sink. */
  public void fail(StreamException reason) {
    if (finish(reason.getMessage())) {
      device.leave(this);
      lane.execute(
          () -> {
            lane.remove(this);
            sink.onEnd(reason);
          });
    }
  }

  /** Returns whether this was the call that ended it. */
  private boolean finish(String why) {
    boolean first = over.compareAndSet(false, true);
    if (first) {
      context.onOver().accept(this, why);
    }
    return first;
  }

  /** Ends it by ours, and tells the sink. The device's actor has forgotten it already. */
  void end(StreamException reason, Optional<Notice> notice) {
    if (finish(reason.getMessage())) {
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
   * Begins an epoch: where {@link SubscriptionSpec#start} says, or with the next frame that the
   * framer publishes. Called by the actor. What still waits of an earlier epoch is dropped, and
   * counted in the gap between the two.
   */
  void begin(Epoch in, Conversion by, Framer from) {
    Frame latest = from.ring().latest();
    Beginning beginning = in.beginning(spec, by);
    Replay past = in.replay(beginning, by, spec, FrameRing.headAfter(latest));
    lane.execute(
        () -> {
          if (over.get()) {
            return;
          }
          if (epoch == null) {
            lane.add(this);
          }
          epoch = in;
          conversion = by;
          framer = from;
          replay = past;
          goLive(latest);
          if (lastSent == null && beginning.index() >= 0) {
            nextIndex = beginning.index();
          }
          fresh = true;
          lastTakenNanos = context.ticker().nanoTime();
          sink.onStarted(new Started(in.number(), by, spec, beginning.prerollMillis()));
          drain();
        });
  }

  private void goLive(Frame latest) {
    queue =
        new FrameQueue(
            framer.ring(), FrameRing.headAfter(latest), spec.queueFrames(), maxAgeNanos());
    nextIndex = latest == null ? -1 : latest.sampleIndex() + spec.frameSize();
    lostBefore = latest == null || replay != null ? 0 : latest.lostBefore();
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
    if (replay != null) {
      replay.refill(framer.ring().head());
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
    noteStall(now);
    if (replay != null && replay.isTired() && sink.isReady()) {
      wake();
    }
  }

  private boolean overflows(long now) {
    return replay == null ? queue.overflows(now) : replay.isOvertaken();
  }

  private void noteStall(long now) {
    if (replay == null ? queue.isEmpty() : replay.isEmpty()) {
      lastTakenNanos = now;
    } else if (now - lastTakenNanos > context.stallLimit().toNanos()) {
      fail(
          new StreamException(
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
    while (queue != null && sink.isReady() && (frame = poll(now)) != null) {
      if (frame.sampleIndex() >= nextIndex) { // else it lies before the beginning
        Optional<Gap> gap = fresh ? missingBeforeFirst(frame) : missingBefore(frame);
        sink.onFrame(frame, gap);
        count(frame, gap, now);
        fresh = false;
        lastTakenNanos = now;
        lastSent = frame;
        nextIndex = frame.sampleIndex() + spec.frameSize();
        if (replay != null) {
          replay.sent();
        }
      }
      lostBefore = frame.lostBefore();
    }
  }

  /** This thread alone writes, so no compare-and-set is needed. */
  private void count(Frame frame, Optional<Gap> gap, long now) {
    frames.setRelease(frames.getPlain() + 1);
    bytes.setRelease(bytes.getPlain() + frame.message().length);
    device.meter().onFrameSent(frame.message().length, now - frame.readNanos());
    if (gap.isPresent()) {
      samplesLost.setRelease(samplesLost.getPlain() + gap.get().sampleCount());
      device.meter().onSamplesLost(gap.get());
      context.observer().onGap(status(), gap.get());
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
      goLive(latest);
      nextIndex = next; // it may have overtaken the framer
    }
    return queue.poll(now);
  }

  private Optional<Gap> missingBeforeFirst(Frame frame) {
    if (lastSent != null) {
      return missingSinceLoss(frame);
    }
    if (spec.start() instanceof Start.Resume resume) {
      return resume.epoch() == epoch.number()
          ? missingSinceResumed(frame)
          : missingSinceEarlier(resume, frame);
    }
    return missingBefore(frame);
  }

  /** Counted; but what the device lost in that time was not. */
  private Optional<Gap> missingSinceResumed(Frame frame) {
    boolean estimated = epoch.overrunEnd() > conversion.inputIndexFor(nextIndex);
    return missingBefore(frame)
        .map(
            gap ->
                gap.cause() == Gap.Cause.DEVICE_OVERRUN
                    ? gap
                    : new Gap(gap.sampleCount(), Gap.Cause.NOT_KEPT, estimated));
  }

  /** An epoch's number is the time at which it began. */
  private Optional<Gap> missingSinceEarlier(Start.Resume resume, Frame frame) {
    PcmFormat format = spec.format();
    TimeSource ticker = context.ticker();
    long unixNanos = resume.epoch() * 1_000 + format.nanosOf(resume.sampleIndex());
    long nanos = unixNanos - (ticker.unixNanos() - ticker.nanoTime());
    return estimated(format.samplesIn(frame.captureNanos() - nanos), Gap.Cause.NOT_KEPT);
  }

  private static Optional<Gap> estimated(long missing, Gap.Cause cause) {
    return missing <= 0 ? Optional.empty() : Optional.of(new Gap(missing, cause, true));
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
    return estimated(missing, Gap.Cause.DEVICE_LOST);
  }
}
