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
 * Makes load for one server and measures what the subscribers see of it, or finds that the machine
 * it runs on is not up to it.
 */
public final class LoadGenerator {

  private static final long OPEN_TIMEOUT_SECONDS = 30;

  /** Beyond what a run should take: then whoever is not through has fallen silent. */
  private static final long GRACE_SECONDS = 10;

  /** Waits for what may never come. */
  interface BoundedWait {
    /** Waits so long at most; returns whether it came. */
    boolean await(CountDownLatch latch, double seconds) throws InterruptedException;
  }

  private static final MethodDescriptor<StreamFramesRequest, StreamEvent> STREAM_FRAMES =
      AudioCaptureGrpc.getStreamFramesMethod().toBuilder(
              AudioCaptureGrpc.getStreamFramesMethod().getRequestMarshaller(), new FrameHeaderMarshaller())
          .build();

  private final Supplier<Transport> transports;
  private final LongSupplier unixNanos;
  private final BoundedWait wait;

  private LoadGenerator(
      Supplier<Transport> transports, LongSupplier unixNanos, BoundedWait wait) {
    this.transports = transports;
    this.unixNanos = unixNanos;
    this.wait = wait;
  }

  /** Makes a load generator for a server, which looks at the options when it {@link #run runs}. */
  public static LoadGenerator of(ConnectOptions options) {
    return new LoadGenerator(
        () -> new Connections(options),
        new WallClock(),
        (latch, seconds) -> latch.await((long) (seconds * 1_000), TimeUnit.MILLISECONDS));
  }

  /** With a transport, a time of day and a way to wait that a test decides. */
  static LoadGenerator over(
      Supplier<Transport> transports, LongSupplier unixNanos, BoundedWait wait) {
    return new LoadGenerator(transports, unixNanos, wait);
  }

  /**
   * Runs once: subscribes, warms up, counts, and ends every subscription. Waits for as long.
   *
   * @throws BenchException where not every subscriber was served within 30 s
   * @throws InterruptedException where the caller was; the subscriptions are ended
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
      call.request(Integer.MAX_VALUE); // a subscriber that is always ready
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
