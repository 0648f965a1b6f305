package dev.lavalier.hub;

import dev.lavalier.audio.StreamException;
import dev.lavalier.audio.Conversion;
import dev.lavalier.audio.PcmFormat;
import dev.lavalier.audio.PolyphaseFilters;
import dev.lavalier.audio.TimeSource;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
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
 * Claim: a frame's way from the ring to a subscriber's sink makes no garbage, however many
 * subscribers there are. The bytes allocated for a frame are the same for 1 and for 500: those of
 * the frame itself.
 *
 * <p>One operation is one frame, published to all subscribers of one lane, which is woken and runs.
 * The sink counts and does nothing, so that what is seen here is the project's own; what gRPC makes
 * beyond it is another matter.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class SubscriptionBenchmark {

  private static final byte[] MESSAGE = {};
  private static final PcmFormat FORMAT = PcmFormat.parse("48000/2/s16le");
  private static final int FRAME_SIZE = 960;

  /** How many subscribers the lane serves. */
  @Param({"1", "10", "500"})
  public int subscribers;

  private final TimeSource timeSource = TimeSource.system();
  private final Queue<Runnable> tasks = new ArrayDeque<>();
  private final DeliveryLoop deliveryLoop = new DeliveryLoop(tasks::add);
  private final List<Subscription> subscriptions = new ArrayList<>();
  private FrameRing ring;
  private long framesReceived;

  /** Subscribes them all. */
  @Setup
  public void subscribe() throws StreamException {
    PolyphaseFilters filters = new PolyphaseFilters();
    Conversion conversion = Conversion.plan(FORMAT, FORMAT, List.of());
    DeviceActor device =
        new DeviceActor(
            "benchmark",
            new DeviceActor.DeviceServices(
                null,
                timeSource,
                (pcm, index, nanos, delay) -> MESSAGE,
                filters,
                Duration.ofMillis(10),
                Duration.ofMillis(200),
                Duration.ZERO,
                Runnable::run,
                HubObserver.NONE,
                () -> {}));
    CapturePipeline pipeline =
        new CapturePipeline(
            1,
            FORMAT,
            (pcm, index, nanos, delay) -> MESSAGE,
            filters,
            device,
            StreamMetrics.NONE,
            null);
    SubscriptionSpec spec =
        new SubscriptionSpec(
            "benchmark",
            FORMAT,
            List.of(),
            FRAME_SIZE,
            10,
            200,
            OverflowPolicy.DROP_OLDEST,
            OnDeviceLoss.FAIL,
            StartFrom.LIVE,
            false);
    Subscription.SubscriptionServices context =
        new Subscription.SubscriptionServices(
            timeSource, Duration.ofSeconds(30), HubObserver.NONE, (subscription, why) -> {});
    FormatPipeline formatPipeline = new FormatPipeline(conversion, (pcm, index, nanos, delay) -> MESSAGE, filters);
    formatPipeline.setFrameSizes(Set.of(FRAME_SIZE));
    Framer framer = formatPipeline.framer(FRAME_SIZE);
    ring = framer.ring();
    publish(0); // so that nobody asks for the framer's first index
    Subscriber who = new Subscriber(Subscriber.ANONYMOUS, "benchmark");
    for (int i = 0; i < subscribers; i++) {
      Subscription subscription =
          new Subscription(i, who, spec, deliveryLoop, new CountingSink(), device, context);
      subscription.start(pipeline, conversion, framer);
      subscriptions.add(subscription);
    }
    runDeliveryLoop();
  }

  /** A frame to every subscriber. */
  @Benchmark
  public long drain() {
    publish(ring.head());
    deliveryLoop.wake();
    runDeliveryLoop();
    return framesReceived;
  }

  /** As {@code drain}, but every sink says by itself that it is ready, as after each pull. */
  @Benchmark
  public long wakeEach() {
    publish(ring.head());
    for (Subscription subscription : subscriptions) {
      subscription.wake();
    }
    runDeliveryLoop();
    return framesReceived;
  }

  private void publish(long sequence) {
    ring.publish(new Frame(sequence, sequence * FRAME_SIZE, 0, 0, timeSource.nanoTime(), MESSAGE));
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
