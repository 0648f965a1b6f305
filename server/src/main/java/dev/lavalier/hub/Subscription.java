package dev.lavalier.hub;

import dev.lavalier.capture.LossCause;
import dev.lavalier.common.StreamException;
import dev.lavalier.common.StreamException.Reason;
import dev.lavalier.common.TimeSource;
import dev.lavalier.pipeline.Frame;
import dev.lavalier.pipeline.FrameSource;
import dev.lavalier.pipeline.Gap;
import dev.lavalier.pipeline.PipelineStream;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * One subscription of one device.
 *
 * <p>{@link #wake}, {@link #cancel} and {@link #fail} may be called from any thread, repeatedly,
 * and never block. The sink is called only on the delivery loop.
 */
public final class Subscription {

  private final long id;
  private final Subscriber subscriber;
  private final long sinceUnixNanos;
  private final SubscriptionSpec spec;
  private final DeliveryLoop deliveryLoop;
  private final FrameSink sink;
  private final DeviceActor device;
  private final SubscriptionQuotas.Lease lease;
  private final SubscriptionServices services;
  private final AtomicBoolean closed = new AtomicBoolean();
  private final AtomicBoolean wakePending = new AtomicBoolean();
  private final Runnable drain; // created once, not for each frame
  private final Runnable turn = this::runTurn;
  private final Runnable noteReadiness = this::noteReadiness;

  // Written only on the delivery loop; any thread may read.
  private final AtomicLong frames = new AtomicLong();
  private final AtomicLong bytes = new AtomicLong();
  private final AtomicLong samplesLost = new AtomicLong();

  // The delivery loop only.
  private final GapTracker gaps;
  private @Nullable FrameSource source; // null: no epoch yet
  private int maxLatencyMs; // granted in this epoch
  private boolean added; // to the delivery loop
  private final StallTimer stallTimer;

  /**
   * The services that all subscriptions of a hub share.
   *
   * @param stallTimeout how long frames may wait without being read before the subscription is
   *     ended
   * @param onClosed called once when a subscription has ended, with the reason in a few words
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
      SubscriptionQuotas.Lease lease,
      SubscriptionServices services) {
    this.id = id;
    this.subscriber = subscriber;
    this.sinceUnixNanos = services.timeSource().unixNanos();
    this.spec = spec;
    this.deliveryLoop = deliveryLoop;
    this.sink = sink;
    this.device = device;
    this.lease = lease;
    this.services = services;
    this.drain =
        () -> {
          wakePending.set(false);
          deliveryLoop.drain(this);
        };
    this.gaps = new GapTracker(spec);
    this.stallTimer = new StallTimer(services.stallTimeout());
  }

  Subscriber subscriber() {
    return subscriber;
  }

  /** Returns the current status. May be called from any thread. */
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

  /** Returns what it is counted with. */
  SubscriptionQuotas.Lease lease() {
    return lease;
  }

  DeliveryLoop deliveryLoop() {
    return deliveryLoop;
  }

  /**
   * Schedules the sending of waiting frames. Call it when the sink has become ready. Calls before
   * it starts count as one.
   */
  public void wake() {
    if (wakePending.compareAndSet(false, true) && !deliveryLoop.submit(drain)) {
      wakePending.set(false);
    }
  }

  /**
   * Ends the subscription for the subscriber: the call was cancelled, its deadline has passed, or
   * its connection was lost. After the task that is running on the delivery loop, the sink is not
   * called any more.
   *
   * @param reason a few words for the audit log
   * @return whether this call ended the subscription
   */
  public boolean cancel(String reason) {
    boolean first = finish(reason);
    if (first) {
      deliveryLoop.execute(() -> deliveryLoop.remove(this));
      device.cancel(this);
    }
    return first;
  }

  /**
   * Ends the subscription for a reason that concerns only this subscriber, and reports the reason
   * to the sink.
   */
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

  /**
   * Ends the subscription after a failure on the delivery loop, such as an exception of the sink.
   */
  void onFailure(Throwable failure) {
    fail(serverFailed(failure));
  }

  /** Returns the reason for ending a subscription that the server failed to serve. */
  static StreamException serverFailed(Throwable failure) {
    return new StreamException(
        Reason.SERVER_FAILED, "the server failed to serve the stream: " + failure, failure);
  }

  /** Marks the subscription as ended. Returns whether it was still running. */
  private boolean finish(String reason) {
    boolean first = closed.compareAndSet(false, true);
    if (first) {
      services.onClosed().accept(this, reason);
    }
    return first;
  }

  /**
   * Ends the subscription for a reason of the device or the server. Sends the frames that wait and
   * can be sent at once, the notice and the reason. The device's actor has already removed the
   * subscription.
   */
  void close(StreamException reason, Optional<Notice> notice) {
    if (finish(reason.getMessage())) {
      deliveryLoop.execute(
          () -> {
            deliveryLoop.remove(this);
            try {
              if (source != null) {
                startTurn();
              }
              drainWhileReady(services.timeSource().nanoTime());
              notice.ifPresent(sink::onNotice);
            } finally {
              sink.onEnd(reason);
            }
          });
    }
  }

  /**
   * Starts an epoch. Called by the actor. Waiting frames of an earlier epoch are dropped and
   * counted in the gap between the two epochs.
   */
  void start(PipelineStream stream) {
    deliveryLoop.execute(
        this,
        () -> {
          if (closed.get()) {
            return;
          }
          if (!added) {
            added = true;
            deliveryLoop.add(this);
          }
          source = stream.source();
          gaps.onEpoch(stream);
          stallTimer.onProgress(services.timeSource().nanoTime());
          maxLatencyMs = (int) Math.ceil(stream.maxAgeNanos() / 1e6);
          sink.onStarted(
              new StreamStart(
                  stream.epoch(), stream.conversion(), spec, maxLatencyMs, stream.prerollMillis()));
          drain();
        });
  }

  /**
   * Ends an epoch because the device was lost. Called by the actor. Live frames that wait can still
   * be sent until they expire. The history is released, and what was not sent of it is counted in
   * the gap before the next epoch.
   */
  void endEpoch() {
    deliveryLoop.execute(
        () -> {
          if (closed.get() || source == null) {
            return;
          }
          drainTurn();
          FrameSource ended = source;
          if (ended == null || ended.readsHistory()) {
            releaseSource(LossCause.NOT_KEPT);
          } else {
            services
                .timeSource()
                .schedule(
                    Duration.ofMillis(maxLatencyMs),
                    () -> deliveryLoop.execute(() -> releaseIfCurrent(ended)));
          }
        });
  }

  private void releaseIfCurrent(FrameSource ended) {
    if (source == ended) {
      releaseSource(gaps.dropCause());
    }
  }

  /** Releases the frames of the epoch, which may hold much memory. */
  private void releaseSource(LossCause unsent) {
    source = null;
    gaps.onEpochEnd(unsent);
  }

  /** Returns whether the subscription has ended. May be called from any thread. */
  boolean isClosed() {
    return closed.get();
  }

  /** Sends a notice; the subscription continues. Called by the actor. */
  void sendNotice(Notice notice) {
    deliveryLoop.execute(
        this,
        () -> {
          if (!closed.get()) {
            sink.onNotice(notice);
          }
        });
  }

  /**
   * Sends waiting frames while the sink is ready, or schedules that if they come from the history.
   * Called on the delivery loop.
   */
  void drain() {
    if (closed.get() || source == null) {
      return;
    }
    if (source.readsHistory()) {
      deliveryLoop.scheduleDeferrable(turn);
    } else {
      drainTurn();
    }
  }

  private void runTurn() {
    deliveryLoop.run(this, this::drainTurn);
  }

  /** Sends waiting frames while the sink is ready. Called on the delivery loop. */
  private void drainTurn() {
    if (closed.get() || source == null) {
      return;
    }
    long now = services.timeSource().nanoTime();
    if (source.isEmpty()) { // usual after a wake-up by the subscriber
      stallTimer.onProgress(now);
      return;
    }
    boolean ready = startTurn();
    if (spec.overflowPolicy() == OverflowPolicy.CLOSE && source.overflows(now)) {
      fail(
          new StreamException(
              Reason.QUEUE_OVERFLOW,
              (gaps.dropCause() == LossCause.SERVER_OVERLOAD
                      ? "queue overflow: the overloaded server did not send frames within max_latency_ms (%d); retry later or raise it"
                      : "queue overflow: frames were not read within max_latency_ms (%d); read faster or raise it")
                  .formatted(maxLatencyMs)));
      return;
    }
    drainWhileReady(now);
    checkStall(now);
    if (source.hasMoreWork() && sink.isReady()) {
      deliveryLoop.scheduleDeferrable(turn);
    } else if (ready && !source.isEmpty() && !sink.isReady()) {
      // Later, because now bytes that only wait for this loop would count against the sink.
      deliveryLoop.execute(this, noteReadiness);
    }
  }

  /**
   * Decides why frames that are dropped in this turn are dropped. Returns whether the sink is
   * ready.
   */
  private boolean startTurn() {
    boolean ready = sink.isReady();
    if (!ready) {
      gaps.onNotReady();
    }
    source.startTurn(ready);
    return ready;
  }

  private void noteReadiness() {
    if (!closed.get() && source != null && !source.isEmpty() && !sink.isReady()) {
      gaps.onNotReady(); // the loop has written the bytes of the last turn
    }
  }

  /**
   * Ends the subscription if it has not read for too long.
   *
   * @param turnStart the time at which this turn started
   */
  private void checkStall(long turnStart) {
    if (source.isEmpty() || sink.isReady()) { // a replay can have frames that are not due yet
      stallTimer.onProgress(turnStart);
    } else if (stallTimer.onWaiting(services.timeSource().nanoTime())) { // a turn can take long
      fail(
          new StreamException(
              Reason.SUBSCRIBER_STALLED,
              "no frame was read for %d s; subscribe again"
                  .formatted(services.stallTimeout().toSeconds())));
    }
  }

  private void drainWhileReady(long now) {
    Frame frame;
    while (source != null && sink.isReady() && (frame = poll(now)) != null) {
      if (gaps.isDue(frame)) {
        Optional<Gap> gap = gaps.gapBefore(frame);
        recordSent(frame, gap, now); // first, because the sink may end the subscription
        sink.onFrame(frame, gap);
        stallTimer.onProgress(now);
        gaps.onSent(frame);
        source.onSent();
        if (source.isEmpty()) {
          break;
        }
        now = services.timeSource().nanoTime(); // sending a frame takes time
      } else {
        gaps.onPassed(frame);
      }
    }
  }

  private @Nullable Frame poll(long now) {
    FrameSource next = source.successor(gaps.nextIndex());
    if (next != source) {
      source = next;
      gaps.onSource(next);
    }
    return next.poll(now);
  }

  /**
   * Counts a frame that was sent. Only this thread writes the counters, so no compare-and-set is
   * needed.
   */
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
}
