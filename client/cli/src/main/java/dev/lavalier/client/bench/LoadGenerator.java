package dev.lavalier.client.bench;

import dev.lavalier.client.ConnectOptions;
import dev.lavalier.v1.AudioCaptureGrpc;
import dev.lavalier.v1.StreamFramesRequest;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/**
 * Generates load for one server and measures what the subscribers receive. A run without a valid
 * result reports that its own machine was the bottleneck.
 */
public final class LoadGenerator {

  private static final long OPEN_TIMEOUT_SECONDS = 30;

  /**
   * The time beyond the expected end of a run. A stream that has not finished by then counts as
   * stalled.
   */
  private static final long GRACE_SECONDS = 10;

  /** Waits for what may never come. */
  interface BoundedWait {
    /** Waits so long at most; returns whether it came. */
    boolean await(CountDownLatch latch, double seconds) throws InterruptedException;
  }

  private static final MethodDescriptor<StreamFramesRequest, StreamEvent> STREAM_FRAMES =
      AudioCaptureGrpc.getStreamFramesMethod().toBuilder(
              AudioCaptureGrpc.getStreamFramesMethod().getRequestMarshaller(),
              new FrameHeaderMarshaller())
          .build();

  private final Supplier<Transport> transports;
  private final LongSupplier unixNanos;
  private final BoundedWait wait;

  private LoadGenerator(Supplier<Transport> transports, LongSupplier unixNanos, BoundedWait wait) {
    this.transports = transports;
    this.unixNanos = unixNanos;
    this.wait = wait;
  }

  /** Creates a load generator for a server. {@link #run} reads the options. */
  public static LoadGenerator of(ConnectOptions options) {
    return new LoadGenerator(
        () -> new Connections(options),
        new WallClock(),
        (latch, seconds) -> latch.await((long) (seconds * 1_000), TimeUnit.MILLISECONDS));
  }

  /** Creates a load generator with an injected transport, clock and grace period, for tests. */
  static LoadGenerator over(
      Supplier<Transport> transports, LongSupplier unixNanos, BoundedWait wait) {
    return new LoadGenerator(transports, unixNanos, wait);
  }

  /**
   * Runs once: subscribes, warms up, measures and ends every subscription. Blocks until the run is
   * over.
   *
   * @throws BenchException if a subscriber received no frame within 30 s
   * @throws InterruptedException if the calling thread was interrupted; the subscriptions are ended
   */
  public BenchResult run(BenchOptions options) throws BenchException, InterruptedException {
    Run run = new Run(options, wait);
    SpreadTable spread = new SpreadTable();
    Queue<LatencyRecorder> recorders = new ConcurrentLinkedQueue<>();
    ThreadLocal<LatencyRecorder> loopRecorder =
        ThreadLocal.withInitial(
            () -> {
              LatencyRecorder recorder = new LatencyRecorder(spread);
              recorders.add(recorder);
              return recorder;
            });
    GeneratorLoad generatorLoad;
    try (Transport transport = transports.get()) {
      LoadProbe probe = transport.probe();
      subscribe(transport, options, () -> new Subscriber(run, unixNanos, loopRecorder::get));
      run.awaitOpen(OPEN_TIMEOUT_SECONDS);
      double timeout = run.stream().maxLatencyMs() / 1_000.0 + GRACE_SECONDS;
      boolean started = run.awaitCountingStart(options.warmupSeconds() + timeout);
      probe.start();
      run.awaitFinish(started ? options.seconds() + timeout : 0);
      generatorLoad = probe.stop();
    }
    return generatorLoad
        .refusalReason()
        .<BenchResult>map(BenchResult.Refused::new)
        .orElseGet(
            () -> new BenchResult.Measured(report(options, run, spread, recorders, generatorLoad)));
  }

  private static void subscribe(
      Transport transport, BenchOptions options, Supplier<Subscriber> subscribers) {
    List<Channel> channels = new ArrayList<>();
    for (int i = 0; i < options.connections(); i++) {
      channels.add(transport.connect());
    }
    StreamFramesRequest request =
        StreamFramesRequest.newBuilder()
            .setDeviceId(options.deviceId())
            .setFrameSize(options.frameSize())
            .setMaxLatencyMs(options.maxLatencyMs())
            .build();
    CallOptions direct = CallOptions.DEFAULT.withExecutor(Runnable::run);
    for (int i = 0; i < options.subscribers(); i++) {
      ClientCall<StreamFramesRequest, StreamEvent> call =
          channels.get(i % channels.size()).newCall(STREAM_FRAMES, direct);
      call.start(subscribers.get(), new Metadata());
      call.request(Integer.MAX_VALUE); // the subscriber is always ready
      call.sendMessage(request);
      call.halfClose();
    }
  }

  private static BenchReport report(
      BenchOptions options,
      Run run,
      SpreadTable spread,
      Iterable<LatencyRecorder> recorders,
      GeneratorLoad generatorLoad) {
    LatencyRecorder total = new LatencyRecorder(spread);
    for (LatencyRecorder recorder : recorders) {
      recorder.finish();
      total.add(recorder);
    }
    long minLatency = total.minLatency();
    boolean clocksAgree = run.latencyBase() == 0 && minLatency >= 0;
    long shift = clocksAgree ? 0 : run.latencyBase() - minLatency;
    long frames = (run.to() - run.from()) / run.stream().frameSize();
    return new BenchReport(
        run.stream(),
        frames * options.subscribers(),
        total.delivered(),
        total.gaps(),
        run.ended(),
        run.stalledStreams(),
        clocksAgree,
        LatencySummary.of(total.latency, shift),
        LatencySummary.of(total.captureToOnNext, shift),
        spread.summary(),
        LatencySummary.of(total.interval, 0),
        generatorLoad);
  }
}
