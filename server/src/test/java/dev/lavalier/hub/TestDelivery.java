package dev.lavalier.hub;

import dev.lavalier.audio.Conversion;
import dev.lavalier.audio.PcmFormat;
import dev.lavalier.audio.PolyphaseFilters;
import dev.lavalier.audio.SampleEncoding;
import dev.lavalier.capture.DeviceDescriptor;
import dev.lavalier.capture.Loss;
import dev.lavalier.capture.Period;
import dev.lavalier.common.StreamException;
import dev.lavalier.common.WorkBudget;
import dev.lavalier.pipeline.CapturePipeline;
import dev.lavalier.pipeline.Frame;
import dev.lavalier.pipeline.FrameCodec;
import dev.lavalier.pipeline.Gap;
import dev.lavalier.pipeline.StartFrom;
import dev.lavalier.pipeline.StreamMetrics;
import dev.lavalier.pipeline.StreamPlan;
import dev.lavalier.testing.ManualTimeSource;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;

/**
 * One capture pipeline, one delivery loop and its subscriptions. The test reads periods and runs
 * the tasks of the loop itself, so it decides how busy the loop is.
 */
final class TestDelivery {

  static final PcmFormat FORMAT = new PcmFormat(SampleEncoding.S16LE, 48_000, 1);

  /** A subscriber that is ready when the test says so. */
  static final class Sink implements FrameSink {
    final List<Long> indexes = new ArrayList<>();
    final List<Gap> gaps = new ArrayList<>();
    final List<StreamException> ends = new ArrayList<>();
    boolean ready = true;
    boolean flushed; // what the sink says about itself
    int readyFor = Integer.MAX_VALUE; // frames
    int maxLatencyMs;
    Runnable onFrame = () -> {}; // called with each frame

    @Override
    public boolean isReady() {
      return ready && readyFor > 0;
    }

    @Override
    public void onStarted(StreamStart started) {
      maxLatencyMs = started.maxLatencyMs();
    }

    @Override
    public void onFrame(Frame frame, Optional<Gap> gap) {
      readyFor--;
      indexes.add(frame.sampleIndex());
      gap.ifPresent(gaps::add);
      onFrame.run();
    }

    @Override
    public boolean isFlushed() {
      return flushed;
    }

    @Override
    public void onNotice(Notice notice) {}

    @Override
    public void onEnd(StreamException reason) {
      ends.add(reason);
    }
  }

  final ManualTimeSource timeSource = new ManualTimeSource();
  private final Queue<Runnable> tasks = new ArrayDeque<>();
  private final DeliveryLoop loop = new DeliveryLoop(tasks::add, timeSource);
  private final FrameCodec pcm = FrameCodec.stateless(frame -> frame.pcm().clone());
  private final PolyphaseFilters filters = new PolyphaseFilters();
  private final SubscriptionQuotas quotas =
      new SubscriptionQuotas(SubscriberLimits.DEFAULTS, ResourceLimits.NONE);
  private final DeviceActor actor =
      new DeviceActor(
          "mic",
          new DeviceServices(
              null,
              timeSource,
              filters,
              Duration.ZERO,
              quotas,
              Runnable::run,
              HubObserver.NONE,
              () -> {}));
  private final Map<StreamPlan, Integer> plans = new LinkedHashMap<>(); // frames that may wait
  private final int periodSamples;
  private final Duration history;
  private final Map<Subscription, StreamPlan> subscriptions = new LinkedHashMap<>();
  private CapturePipeline pipeline;
  private long epoch;
  private long position;

  /** Creates a pipeline without history. */
  TestDelivery(int periodSamples) {
    this(periodSamples, Duration.ZERO);
  }

  /** Creates a pipeline that is read in periods of {@code periodSamples} samples. */
  TestDelivery(int periodSamples, Duration history) {
    this.periodSamples = periodSamples;
    this.history = history;
    openDevice();
  }

  private void openDevice() {
    position = 0;
    pipeline =
        new CapturePipeline(
            ++epoch,
            0,
            FORMAT,
            periodSamples,
            history.toNanos(),
            filters,
            timeSource::nanoTime,
            WorkBudget.unlimited(),
            WorkBudget.unlimited(),
            actor.captureEvents(),
            StreamMetrics.NONE);
  }

  /** Subscribes to live frames in the capture format. */
  Sink subscribe(int frameSize, int maxLatencyMs, OverflowPolicy policy) throws StreamException {
    return subscribe(frameSize, maxLatencyMs, policy, StartFrom.LIVE);
  }

  /** Subscribes in the capture format. */
  Sink subscribe(int frameSize, int maxLatencyMs, OverflowPolicy policy, StartFrom start)
      throws StreamException {
    return subscribe(frameSize, maxLatencyMs, policy, start, pcm);
  }

  /** Subscribes in the capture format, with a codec. */
  Sink subscribe(
      int frameSize, int maxLatencyMs, OverflowPolicy policy, StartFrom start, FrameCodec codec)
      throws StreamException {
    Sink sink = new Sink();
    SubscriptionSpec spec =
        SubscriptionSpec.resolve(
            new DeviceDescriptor("mic", "mic", "", "", true, FORMAT, List.of()),
            new SubscriptionSpec.Request(
                frameSize,
                new SubscriptionSpec.RequestedFormat(Optional.empty(), 0, 0, List.of()),
                maxLatencyMs,
                policy,
                OnDeviceLoss.WAIT,
                start,
                codec,
                false));
    StreamPlan plan =
        new StreamPlan(Conversion.plan(FORMAT, FORMAT, List.of()), spec.frameSize(), codec);
    plans.merge(plan, spec.queueFrames(), Math::max);
    pipeline.update(plans, Set.of(loop));
    Subscriber subscriber = new Subscriber(Subscriber.ANONYMOUS, "test");
    Subscription subscription =
        new Subscription(
            subscriptions.size() + 1,
            subscriber,
            spec,
            loop,
            sink,
            actor,
            quotas.acquire(subscriber, "mic", SubscriptionCost.of(spec, spec.conversion())),
            new Subscription.SubscriptionServices(
                timeSource, Duration.ofSeconds(30), HubObserver.NONE, (ended, reason) -> {}));
    subscriptions.put(subscription, plan);
    start(subscription);
    return sink;
  }

  private void start(Subscription subscription) {
    SubscriptionSpec spec = subscription.spec();
    subscription.start(
        pipeline.open(
            subscriptions.get(subscription), spec.start(), spec.queueFrames(), spec.maxAgeNanos()));
  }

  /** Ends the epoch, as if the device was lost. */
  void loseDevice() {
    pipeline.releaseHistory();
    subscriptions.keySet().forEach(Subscription::endEpoch);
  }

  /** Starts the next epoch. */
  void reopenDevice() {
    openDevice();
    pipeline.update(plans, Set.of(loop));
    subscriptions.keySet().forEach(this::start);
  }

  /** Wakes the delivery loop, as another device does. */
  void wake() {
    loop.onFramesPublished();
  }

  /** Advances the time by a period and reads it. */
  void read() {
    timeSource.advance(Duration.ofNanos(FORMAT.nanosOf(periodSamples)));
    publish();
  }

  /** Reads a period that was waiting. */
  void publish() {
    long now = timeSource.nanoTime();
    long captured = now - FORMAT.nanosOf(periodSamples);
    byte[] pcm = new byte[periodSamples * FORMAT.bytesPerSampleFrame()];
    pipeline.onPeriod(
        new Period(pcm, periodSamples, position, captured, captured, now, Loss.OVERRUN));
    position += periodSamples;
  }

  /** Loses samples between two periods. */
  void lose(int samples) {
    position += samples;
  }

  /** Runs at most {@code count} tasks of the delivery loop. */
  void runTasks(int count) {
    Runnable task;
    for (int i = 0; i < count && (task = tasks.poll()) != null; i++) {
      task.run();
    }
  }

  /** Runs all tasks of the delivery loop. */
  void runAll() {
    runTasks(Integer.MAX_VALUE);
  }
}
