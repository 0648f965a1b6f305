package dev.lavalier.hub;

import dev.lavalier.audio.Conversion;
import dev.lavalier.audio.PcmFormat;
import dev.lavalier.audio.PolyphaseFilters;
import dev.lavalier.capture.Period;
import dev.lavalier.common.StreamException;
import dev.lavalier.common.TimeSource;
import dev.lavalier.pipeline.CapturePipeline;
import dev.lavalier.pipeline.FrameCodec;
import dev.lavalier.pipeline.PipelineStream;
import dev.lavalier.pipeline.StartFrom;
import dev.lavalier.pipeline.StreamMetrics;
import dev.lavalier.pipeline.StreamPlan;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * An open device without a sound system: an epoch, into which a test reads periods of one frame,
 * and subscriptions of it that a test begins as the device's actor does. Time stands still.
 */
public final class StressDevice {

  /** Samples in a period, and in a frame. */
  public static final int FRAME_SIZE = 4;

  private static final PcmFormat FORMAT = PcmFormat.parse("8000/1/s16le");
  private static final byte[] PERIOD = new byte[2 * FRAME_SIZE];
  private static final FrameCodec ENCODER = (pcm, index, nanos, delay) -> pcm.clone();
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
          throw new AssertionError("no race waits for the clock");
        }

        @Override
        public void schedule(Duration delay, Runnable task) {
          throw new AssertionError("no race waits for the clock");
        }
      };
  private static final PolyphaseFilters FILTERS = new PolyphaseFilters();
  private static final StreamPlan PLAN = new StreamPlan(asCaptured(), FRAME_SIZE, ENCODER);
  private static final DeviceServices SERVICES =
      new DeviceServices(
          null, STILL, FILTERS, Duration.ZERO, Runnable::run, HubObserver.NONE, () -> {});
  private static final SubscriptionSpec SPEC =
      new SubscriptionSpec(
          "stress",
          FORMAT,
          List.of(),
          FRAME_SIZE,
          30,
          60_000,
          OverflowPolicy.DROP_OLDEST,
          OnDeviceLoss.FAIL,
          StartFrom.LIVE,
          ENCODER,
          false);

  private static final Subscriber SUBSCRIBER = new Subscriber(Subscriber.ANONYMOUS, "stress");

  private final DeviceActor actor = new DeviceActor("stress", SERVICES);
  private final CapturePipeline pipeline =
      new CapturePipeline(1, FORMAT, FRAME_SIZE, 0, FILTERS, actor, StreamMetrics.NONE);
  private final AtomicInteger closed = new AtomicInteger();
  private final Subscription.SubscriptionServices services =
      new Subscription.SubscriptionServices(
          STILL,
          Duration.ofSeconds(30),
          HubObserver.NONE,
          (subscription, why) -> closed.incrementAndGet());
  // The actor's thread alone.
  private final Set<DeliveryLoop> loops = new LinkedHashSet<>();
  private int periods; // the reader's thread alone

  private static Conversion asCaptured() {
    try {
      return Conversion.plan(FORMAT, FORMAT, List.of());
    } catch (StreamException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Makes a subscription that has not begun. */
  public Subscription subscription(ManualDeliveryLoop deliveryLoop, FrameSink sink) {
    return new Subscription(
        0, SUBSCRIBER, SPEC, deliveryLoop.deliveryLoop(), sink, actor, services);
  }

  /** Begins it, in the steps and the order of {@link DeviceActor}. The actor's thread alone. */
  public void activate(Subscription subscription) {
    loops.add(subscription.deliveryLoop());
    pipeline.update(Set.of(PLAN), loops);
    SubscriptionSpec spec = subscription.spec();
    subscription.start(pipeline.open(PLAN, spec.start(), spec.queueFrames(), spec.maxAgeNanos()));
  }

  /** Ends it, as when the server stops. The actor's thread alone. */
  void close(Subscription subscription) {
    subscription.close(Hub.stoppingReason(), Optional.empty());
  }

  /** Reads periods, each of which becomes a frame. The reader's thread alone. */
  public void read(int count) {
    for (int i = 0; i < count; i++) {
      pipeline.onPeriod(new Period(PERIOD, FRAME_SIZE, (long) periods * FRAME_SIZE, 0, 0, 0));
      periods++;
    }
  }

  /** Returns how many subscriptions have said that they are over. */
  int closed() {
    return closed.get();
  }

  /** Returns the index of the sample after the last frame, as whoever looks now sees; 0 before. */
  long nextIndex() {
    return Math.max(0, open().liveIndex());
  }

  /** Returns the index of the first frame's first sample; -1 before. */
  long firstIndex() {
    return open().firstIndex();
  }

  private PipelineStream open() {
    return pipeline.open(PLAN, StartFrom.LIVE, 1, Long.MAX_VALUE);
  }
}
