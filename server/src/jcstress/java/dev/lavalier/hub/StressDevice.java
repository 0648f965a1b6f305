package dev.lavalier.hub;

import dev.lavalier.audio.Conversion;
import dev.lavalier.audio.PcmFormat;
import dev.lavalier.audio.PolyphaseFilters;
import dev.lavalier.capture.Period;
import dev.lavalier.common.StreamException;
import dev.lavalier.common.TimeSource;
import dev.lavalier.common.WorkBudget;
import dev.lavalier.pipeline.CapturePipeline;
import dev.lavalier.pipeline.FrameCodec;
import dev.lavalier.pipeline.PipelineStream;
import dev.lavalier.pipeline.StartFrom;
import dev.lavalier.pipeline.StreamMetrics;
import dev.lavalier.pipeline.StreamPlan;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * An open device without a sound system. A test adds periods of one frame to its pipeline, and
 * starts subscriptions as the device's actor does. The time never changes.
 */
public final class StressDevice {

  /** Samples per channel in a period and in a frame. */
  public static final int FRAME_SIZE = 4;

  private static final PcmFormat FORMAT = PcmFormat.parse("8000/1/s16le");
  private static final byte[] PERIOD = new byte[2 * FRAME_SIZE];
  private static final FrameCodec CODEC = FrameCodec.stateless(frame -> frame.pcm().clone());
  private static final TimeSource STILL =
      new TimeSource() {
        @Override
        public long nanoTime() {
          return 0;
        }

        @Override
        public long unixNanos() {
          return 0;
        }

        @Override
        public void parkUntil(long deadline) {
          throw new AssertionError("stress tests must not wait for the clock");
        }

        @Override
        public void schedule(Duration delay, Runnable task) {
          throw new AssertionError("stress tests must not wait for the clock");
        }
      };
  private static final PolyphaseFilters FILTERS = new PolyphaseFilters();
  private static final StreamPlan PLAN = new StreamPlan(asCaptured(), FRAME_SIZE, CODEC);
  private static final SubscriptionQuotas QUOTAS =
      new SubscriptionQuotas(SubscriberLimits.total(Integer.MAX_VALUE), ResourceLimits.NONE);
  private static final DeviceServices SERVICES =
      new DeviceServices(
          null, STILL, FILTERS, Duration.ZERO, QUOTAS, Runnable::run, HubObserver.NONE, () -> {});
  private static final SubscriptionSpec SPEC =
      new SubscriptionSpec(
          "stress",
          PLAN.conversion(),
          List.of(),
          FRAME_SIZE,
          30,
          60_000,
          OverflowPolicy.DROP_OLDEST,
          OnDeviceLoss.FAIL,
          StartFrom.LIVE,
          CODEC,
          false);

  private static final Subscriber SUBSCRIBER = new Subscriber(Subscriber.ANONYMOUS, "stress");

  private final DeviceActor actor = new DeviceActor("stress", SERVICES);
  private final CapturePipeline pipeline =
      new CapturePipeline(
          1,
          0,
          FORMAT,
          FRAME_SIZE,
          0,
          FILTERS,
          STILL::nanoTime,
          WorkBudget.unlimited(),
          WorkBudget.unlimited(),
          actor.captureEvents(),
          StreamMetrics.NONE);
  private final AtomicInteger closed = new AtomicInteger();
  private final Subscription.SubscriptionServices services =
      new Subscription.SubscriptionServices(
          STILL,
          Duration.ofSeconds(30),
          HubObserver.NONE,
          (subscription, why) -> closed.incrementAndGet());
  // Used only by the actor's thread.
  private final Set<DeliveryLoop> loops = new LinkedHashSet<>();
  private int periods; // used only by the capture thread

  private static Conversion asCaptured() {
    try {
      return Conversion.plan(FORMAT, FORMAT, List.of());
    } catch (StreamException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Creates a subscription that is not started. */
  public Subscription subscription(ManualDeliveryLoop deliveryLoop, FrameSink sink) {
    try {
      return new Subscription(
          0,
          SUBSCRIBER,
          SPEC,
          deliveryLoop.deliveryLoop(),
          sink,
          actor,
          QUOTAS.acquire(SUBSCRIBER, "stress", SubscriptionCost.of(SPEC, PLAN.conversion())),
          services);
    } catch (StreamException e) {
      throw new IllegalStateException(e); // there are no limits
    }
  }

  /**
   * Starts a subscription, with the steps of {@link DeviceActor} in the same order. Called only by
   * the actor's thread.
   */
  public void activate(Subscription subscription) {
    loops.add(subscription.deliveryLoop());
    pipeline.update(Map.of(PLAN, SPEC.queueFrames()), loops);
    SubscriptionSpec spec = subscription.spec();
    subscription.start(pipeline.open(PLAN, spec.start(), spec.queueFrames(), spec.maxAgeNanos()));
  }

  /** Closes a subscription, as when the server stops. Called only by the actor's thread. */
  void close(Subscription subscription) {
    subscription.close(Hub.stoppingReason(), Optional.empty());
  }

  /** Adds periods, each of which becomes a frame. Called only by the capture thread. */
  public void read(int count) {
    for (int i = 0; i < count; i++) {
      pipeline.onPeriod(new Period(PERIOD, FRAME_SIZE, (long) periods * FRAME_SIZE, 0, 0, 0));
      periods++;
    }
  }

  /** Returns the number of subscriptions that have reported their end. */
  int closed() {
    return closed.get();
  }

  /**
   * Returns the index of the sample after the last frame, as this thread sees it; 0 if there is no
   * frame.
   */
  long nextIndex() {
    return Math.max(0, open().liveIndex());
  }

  /** Returns the index of the first sample of the first frame; -1 if there is no frame. */
  long firstIndex() {
    return open().firstIndex();
  }

  private PipelineStream open() {
    return pipeline.open(PLAN, StartFrom.LIVE, 1, Long.MAX_VALUE);
  }
}
