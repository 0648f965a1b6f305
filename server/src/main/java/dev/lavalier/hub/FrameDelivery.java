package dev.lavalier.hub;

import dev.lavalier.capture.LossCause;
import dev.lavalier.common.StreamException;
import dev.lavalier.common.StreamException.Reason;
import dev.lavalier.common.TimeSource;
import dev.lavalier.hub.Subscription.SubscriptionServices;
import dev.lavalier.pipeline.Frame;
import dev.lavalier.pipeline.FrameSource;
import dev.lavalier.pipeline.Gap;
import dev.lavalier.pipeline.PipelineStream;
import dev.lavalier.pipeline.StreamMetrics;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Sends the frames of one subscription to its sink while the sink is ready. Decides why frames are
 * dropped, and when the subscription ends because it does not read.
 *
 * <p>As a task, it sends the frames that wait. Called only on the delivery loop, except for {@link
 * #end} and the methods that return a counter.
 */
final class FrameDelivery implements Runnable {

  private final Subscription subscription;
  private final SubscriptionSpec spec;
  private final DeliveryLoop deliveryLoop;
  private final FrameSink sink;
  private final StreamMetrics streamMetrics;
  private final SubscriptionServices services;
  private final TimeSource timeSource;
  private final GapTracker gaps;
  private final StallTimer stallTimer;
  private final Runnable turn = this::runTurn; // created once, not for each frame
  private final Runnable noteReadiness = this::noteReadiness;
  private @Nullable FrameSource source; // null: between epochs
  private int maxLatencyMs; // granted in this epoch
  private long startedEpoch; // 0: none yet

  private final AtomicBoolean ended = new AtomicBoolean(); // any thread sets it

  // Written only on the delivery loop.
  private final AtomicLong frames = new AtomicLong();
  private final AtomicLong bytes = new AtomicLong();
  private final AtomicLong samplesLost = new AtomicLong();

  FrameDelivery(
      Subscription subscription,
      FrameSink sink,
      StreamMetrics streamMetrics,
      SubscriptionServices services) {
    this.subscription = subscription;
    this.spec = subscription.spec();
    this.deliveryLoop = subscription.deliveryLoop();
    this.sink = sink;
    this.streamMetrics = streamMetrics;
    this.services = services;
    this.timeSource = services.timeSource();
    this.gaps = new GapTracker(spec);
    this.stallTimer = new StallTimer(services.stallTimeout());
  }

  /**
   * Marks the subscription as ended. After the task that is running on the delivery loop, frames
   * are sent only by {@link #drainLast}. May be called from any thread. Returns whether it was
   * running.
   */
  boolean end() {
    return ended.compareAndSet(false, true);
  }

  /** Returns whether the subscription has ended. May be called from any thread. */
  boolean isEnded() {
    return ended.get();
  }

  /** Returns the subscription that the frames are for. */
  Subscription subscription() {
    return subscription;
  }

  /** Returns whether the transport needs no further task to send what was drained. */
  boolean isFlushed() {
    return ended.get() || sink.isFlushed(); // the sink of an ended subscription is not called
  }

  /** Returns the number of frames sent. */
  long frames() {
    return frames.get();
  }

  /** Returns the size of the sent frames in bytes. */
  long bytes() {
    return bytes.get();
  }

  /** Returns the number of samples that were not sent, in samples of each channel. */
  long samplesLost() {
    return samplesLost.get();
  }

  /**
   * Starts an epoch, or continues it if the device returned in the same one. Waiting frames of the
   * earlier stream are dropped and counted in the gap between the two.
   */
  void startEpoch(PipelineStream stream) {
    source = stream.source();
    gaps.onEpoch(stream);
    stallTimer.onProgress(timeSource.nanoTime());
    maxLatencyMs = (int) Math.ceil(stream.maxAgeNanos() / 1e6);
    if (stream.epoch() != startedEpoch) {
      startedEpoch = stream.epoch();
      sink.onStarted(
          new StreamStart(
              stream.epoch(), stream.conversion(), spec, maxLatencyMs, stream.prerollMillis()));
    }
    drain();
  }

  /**
   * Ends an epoch. Live frames that wait can still be sent until they expire. The history is
   * released, and what was not sent of it is counted in the gap before the next epoch.
   */
  void endEpoch() {
    if (source == null) {
      return;
    }
    drainTurn(source);
    FrameSource last = source;
    if (last.readsHistory()) {
      releaseSource(LossCause.NOT_KEPT, 0);
    } else {
      services
          .timeSource()
          .schedule(
              Duration.ofMillis(maxLatencyMs),
              () -> deliveryLoop.execute(() -> releaseIfCurrent(last)));
    }
  }

  private void releaseIfCurrent(FrameSource last) {
    if (source == last) {
      releaseSource(gaps.dropCause(), source.isEmpty() ? source.lateFrames() : 0);
    }
  }

  /** Releases the frames of the epoch, which may hold much memory. */
  private void releaseSource(LossCause unsent, long lateFrames) {
    source = null;
    gaps.onEpochEnd(unsent, lateFrames);
  }

  /** Sends the frames that wait and can be sent at once. The subscription has ended. */
  void drainLast() {
    if (source != null && startTurn()) {
      drainWhileReady(timeSource.nanoTime());
    }
  }

  /** Sends the waiting frames. If that fails, the subscription ends. */
  @Override
  public void run() {
    deliveryLoop.drain(this);
  }

  /**
   * Sends waiting frames while the sink is ready, or schedules that if they come from the history.
   */
  void drain() {
    if (source == null || ended.get()) {
      return;
    }
    if (source.readsHistory()) {
      deliveryLoop.scheduleDeferrable(turn);
    } else {
      drainTurn(source);
    }
  }

  private void runTurn() {
    deliveryLoop.run(
        subscription,
        () -> {
          if (source != null && !ended.get()) {
            drainTurn(source);
          }
        });
  }

  /** Sends waiting frames while the sink is ready. */
  private void drainTurn(FrameSource current) {
    long now = timeSource.nanoTime();
    if (current.isEmpty()) { // usual after a wake-up by the subscriber
      stallTimer.onProgress(now);
      return;
    }
    boolean ready = startTurn();
    if (spec.overflowPolicy() == OverflowPolicy.CLOSE && source.overflows(now)) {
      subscription.fail(
          new StreamException(
              Reason.QUEUE_OVERFLOW,
              (gaps.dropCause() == LossCause.SERVER_OVERLOAD
                      ? "queue overflow: the overloaded server did not send frames within max_latency_ms (%d); retry later or raise it"
                      : "queue overflow: frames were not read within max_latency_ms (%d); read faster or raise it")
                  .formatted(maxLatencyMs)));
      return;
    }
    if (ready) {
      drainWhileReady(now);
    }
    if (source.isEmpty()) { // usual
      stallTimer.onProgress(now);
    } else if (sink.isReady()) { // a replay has frames that are not due yet, or more work
      stallTimer.onProgress(now);
      if (source.hasMoreWork()) {
        deliveryLoop.scheduleDeferrable(turn);
      }
    } else {
      checkStall();
      if (ready) {
        // Later, because now bytes that only wait for this loop would count against the sink.
        deliveryLoop.execute(subscription, noteReadiness);
      }
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
    if (!ended.get() && source != null && !source.isEmpty() && !sink.isReady()) {
      gaps.onNotReady(); // the loop has written the bytes of the last turn
    }
  }

  /** Ends the subscription if it has not read for too long. */
  private void checkStall() {
    if (stallTimer.onWaiting(timeSource.nanoTime())) { // a turn can take long
      subscription.fail(
          new StreamException(
              Reason.SUBSCRIBER_STALLED,
              "no frame was read for %d s; subscribe again"
                  .formatted(services.stallTimeout().toSeconds())));
    }
  }

  /** Sends waiting frames to a sink that is ready, until it is not. */
  private void drainWhileReady(long turnStart) {
    long now = turnStart;
    Frame frame;
    while ((frame = poll(now)) != null) {
      if (!gaps.isDue(frame)) {
        gaps.onPassed(frame);
        continue;
      }
      Optional<Gap> gap = gaps.gapBefore(frame, source.lateFrames());
      recordSent(frame, gap, now); // first, because the sink may end the subscription
      sink.onFrame(frame, gap);
      gaps.onSent(frame);
      source.onSent();
      if (source.isEmpty() || !sink.isReady()) {
        stallTimer.onProgress(now);
        return;
      }
      now = timeSource.nanoTime(); // sending a frame takes time
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
    streamMetrics.onFrameSent(frame.message().length, now - frame.readNanos());
    if (gap.isPresent()) {
      samplesLost.setRelease(samplesLost.getPlain() + gap.get().sampleCount());
      streamMetrics.onSamplesLost(gap.get());
      services.observer().onGap(subscription.status(), gap.get());
    }
  }
}
