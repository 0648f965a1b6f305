package dev.lavalier.hub;

import dev.lavalier.audio.Conversion;
import dev.lavalier.audio.PcmFormat;
import dev.lavalier.audio.PolyphaseFilters;
import dev.lavalier.capture.Period;
import dev.lavalier.common.StreamException;
import dev.lavalier.common.TimeSource;
import dev.lavalier.common.WorkBudget;
import dev.lavalier.pipeline.CapturePipeline;
import dev.lavalier.pipeline.Frame;
import dev.lavalier.pipeline.FrameCodec;
import dev.lavalier.pipeline.Gap;
import dev.lavalier.pipeline.StartFrom;
import dev.lavalier.pipeline.StreamMetrics;
import dev.lavalier.pipeline.StreamPlan;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/**
 * Claim: passing a frame from the ring to the sinks of the subscribers allocates nothing,
 * regardless of the number of subscribers. The bytes allocated for a frame are the same for 1 and
 * for 500 subscribers: the bytes of the frame itself.
 *
 * <p>One operation publishes one frame to all subscribers of one delivery loop and runs the loop.
 * The sinks only count frames, so the result covers the code of this project and not gRPC.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class SubscriptionBenchmark {

  private static final byte[] MESSAGE = {};
  private static final PcmFormat FORMAT = PcmFormat.parse("48000/2/s16le");
  private static final int FRAME_SIZE = 960;
  private static final byte[] PERIOD = new byte[4 * FRAME_SIZE];

  /** The number of subscribers of the delivery loop. */
  @Param({"1", "10", "500"})
  public int subscribers;

  private final TimeSource timeSource = TimeSource.system();
  private final Queue<Runnable> tasks = new ArrayDeque<>();
  private final DeliveryLoop deliveryLoop = new DeliveryLoop(tasks::add);
  private final List<Subscription> subscriptions = new ArrayList<>();
  private CapturePipeline pipeline;
  private long periods;
  private long framesReceived;

  /** Creates the subscriptions. */
  @Setup
  public void subscribe() throws StreamException {
    PolyphaseFilters filters = new PolyphaseFilters();
    FrameCodec codec = FrameCodec.stateless(frame -> MESSAGE);
    SubscriptionQuotas quotas =
        new SubscriptionQuotas(SubscriberLimits.DEFAULTS, ResourceLimits.NONE);
    DeviceActor device =
        new DeviceActor(
            "benchmark",
            new DeviceServices(
                null,
                timeSource,
                filters,
                Duration.ZERO,
                quotas,
                Runnable::run,
                HubObserver.NONE,
                () -> {}));
    pipeline =
        new CapturePipeline(
            1,
            0,
            FORMAT,
            FRAME_SIZE,
            0,
            filters,
            timeSource::nanoTime,
            WorkBudget.unlimited(),
            WorkBudget.unlimited(),
            device.captureEvents(),
            StreamMetrics.NONE);
    Conversion conversion = Conversion.plan(FORMAT, FORMAT, List.of());
    SubscriptionSpec spec =
        new SubscriptionSpec(
            "benchmark",
            conversion,
            List.of(),
            FRAME_SIZE,
            10,
            200,
            OverflowPolicy.DROP_OLDEST,
            OnDeviceLoss.FAIL,
            StartFrom.LIVE,
            codec,
            false);
    Subscription.SubscriptionServices services =
        new Subscription.SubscriptionServices(
            timeSource, Duration.ofSeconds(30), HubObserver.NONE, (subscription, reason) -> {});
    StreamPlan plan = new StreamPlan(conversion, FRAME_SIZE, codec);
    pipeline.update(Map.of(plan, spec.queueFrames()), Set.of()); // the benchmarks wake the loop
    publish();
    Subscriber subscriber = new Subscriber(Subscriber.ANONYMOUS, "benchmark");
    for (int i = 0; i < subscribers; i++) {
      Subscription subscription =
          new Subscription(
              i,
              subscriber,
              spec,
              deliveryLoop,
              new CountingSink(),
              device,
              quotas.acquire(subscriber, "benchmark", SubscriptionCost.of(spec, conversion)),
              services);
      subscription.start(pipeline.open(plan, StartFrom.LIVE, 10, spec.maxAgeNanos()));
      subscriptions.add(subscription);
    }
    runDeliveryLoop();
  }

  /** Sends a frame to every subscriber. */
  @Benchmark
  public long drain() {
    publish();
    deliveryLoop.onFramesPublished();
    runDeliveryLoop();
    return framesReceived;
  }

  /** Like {@link #drain}, but every subscription is woken separately, as after each pull. */
  @Benchmark
  public long wakeEach() {
    publish();
    for (Subscription subscription : subscriptions) {
      subscription.wake();
    }
    runDeliveryLoop();
    return framesReceived;
  }

  /** Publishes a frame without a notification. */
  private void publish() {
    pipeline.onPeriod(
        new Period(PERIOD, FRAME_SIZE, periods++ * FRAME_SIZE, 0, 0, timeSource.nanoTime()));
  }

  private void runDeliveryLoop() {
    Runnable task;
    while ((task = tasks.poll()) != null) {
      task.run();
    }
  }

  private final class CountingSink implements FrameSink {

    @Override
    public boolean isReady() {
      return true;
    }

    @Override
    public void onStarted(StreamStart started) {}

    @Override
    public void onFrame(Frame frame, Optional<Gap> gap) {
      if (gap.isPresent()) {
        throw new IllegalStateException("a gap in a benchmark: " + gap.get());
      }
      framesReceived++;
    }

    @Override
    public void onNotice(Notice notice) {}

    @Override
    public void onEnd(StreamException reason) {
      throw new IllegalStateException(reason);
    }
  }
}
