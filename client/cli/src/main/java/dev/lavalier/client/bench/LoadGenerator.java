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
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/**
 * Makes load for one server and measures what the subscribers see of it, or finds that the machine
 * it runs on is not up to it.
 */
public final class LoadGenerator {

  private static final long OPEN_SECONDS = 30;

  /** Beyond what a run should take: then whoever is not through has fallen silent. */
  private static final long GRACE_SECONDS = 10;

  private static final MethodDescriptor<StreamFramesRequest, StreamEvent> STREAM_FRAMES =
      AudioCaptureGrpc.getStreamFramesMethod().toBuilder(
              AudioCaptureGrpc.getStreamFramesMethod().getRequestMarshaller(), new HeadMarshaller())
          .build();

  private final Supplier<Transport> transports;
  private final LongSupplier unixNanos;
  private final long graceSeconds;

  private LoadGenerator(Supplier<Transport> transports, LongSupplier unixNanos, long graceSeconds) {
    this.transports = transports;
    this.unixNanos = unixNanos;
    this.graceSeconds = graceSeconds;
  }

  /** Makes a load generator for a server, which looks at the options when it {@link #run runs}. */
  public static LoadGenerator of(ConnectOptions options) {
    return new LoadGenerator(() -> new Connections(options), new WallClock(), GRACE_SECONDS);
  }

  /** With a transport, a time of day and a patience of the caller's, for tests. */
  static LoadGenerator over(
      Supplier<Transport> transports, LongSupplier unixNanos, long graceSeconds) {
    return new LoadGenerator(transports, unixNanos, graceSeconds);
  }

  /**
   * Runs once: subscribes, warms up, counts, and ends every subscription. Waits for as long.
   *
   * @throws BenchException where not every subscriber was served within 30 s
   * @throws InterruptedException where the caller was; the subscriptions are ended
   */
  public BenchResult run(BenchOptions options) throws BenchException, InterruptedException {
    Run run = new Run(options);
    SpreadTable spread = new SpreadTable();
    Queue<Recorder> recorders = new ConcurrentLinkedQueue<>();
    ThreadLocal<Recorder> ofThisLoop =
        ThreadLocal.withInitial(
            () -> {
              Recorder recorder = new Recorder(spread);
              recorders.add(recorder);
              return recorder;
            });
    OwnLoad ownLoad;
    try (Transport transport = transports.get()) {
      LoadProbe probe = transport.probe();
      subscribe(transport, options, () -> new Subscriber(run, unixNanos, ofThisLoop::get));
      run.awaitOpen(OPEN_SECONDS);
      double bound = run.stream().maxLatencyMs() / 1_000.0 + graceSeconds;
      boolean begun = run.awaitBegin(options.warmupSeconds() + bound);
      probe.begin();
      run.awaitFinish(begun ? options.seconds() + bound : 0);
      ownLoad = probe.end();
    }
    return ownLoad
        .refusal()
        .<BenchResult>map(BenchResult.Refused::new)
        .orElseGet(
            () -> new BenchResult.Measured(report(options, run, spread, recorders, ownLoad)));
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
      Iterable<Recorder> recorders,
      OwnLoad ownLoad) {
    Recorder all = new Recorder(spread);
    for (Recorder recorder : recorders) {
      recorder.finish();
      all.add(recorder);
    }
    long least = all.leastLatency();
    boolean agree = run.base() == 0 && least >= 0;
    long shift = agree ? 0 : run.base() - least;
    long frames = (run.to() - run.from()) / run.stream().frameSize();
    return new BenchReport(
        run.stream(),
        frames * options.subscribers(),
        all.delivered(),
        all.gaps(),
        run.ended(),
        run.silent(),
        agree,
        Times.of(all.latency, shift),
        Times.of(all.captureToOnNext, shift),
        spread.times(),
        Times.of(all.interval, 0),
        ownLoad);
  }
}
