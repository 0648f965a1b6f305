package dev.lavalier.junit;

import com.google.common.util.concurrent.MoreExecutors;
import dev.lavalier.access.RejectionLog;
import dev.lavalier.audio.PcmFormat;
import dev.lavalier.capture.line.LineSettings;
import dev.lavalier.capture.script.ScriptedDevices;
import dev.lavalier.capture.script.ScriptedMicrophone;
import dev.lavalier.client.LavalierClient;
import dev.lavalier.codec.flac.FlacCodec;
import dev.lavalier.codec.opus.OpusCodec;
import dev.lavalier.common.TimeSource;
import dev.lavalier.grpc.GrpcServer;
import dev.lavalier.hub.DeliveryLoop;
import dev.lavalier.hub.Hub;
import dev.lavalier.hub.HubConfig;
import dev.lavalier.hub.HubObserver;
import dev.lavalier.netty.NettyTransport;
import dev.lavalier.netty.TransportLimits;
import dev.lavalier.pipeline.EncoderThreads;
import dev.lavalier.service.ActiveCalls;
import dev.lavalier.service.AudioCaptureCalls;
import dev.lavalier.service.CallAuthorizer;
import dev.lavalier.service.CallObserver;
import dev.lavalier.service.CallServices;
import dev.lavalier.service.Codecs;
import dev.lavalier.service.RefusalObserver;
import dev.lavalier.service.ServerInfo;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.Server;
import io.grpc.inprocess.InProcessChannelBuilder;
import io.grpc.inprocess.InProcessServerBuilder;
import io.grpc.protobuf.services.HealthStatusManager;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A running server with scripted microphones, and a client. It has no limits beyond the defaults,
 * no TLS and no tokens. {@link #close} blocks for some seconds at most. The other methods may be
 * called from any thread.
 */
final class TestServer implements AutoCloseable {

  private static final PcmFormat CAPTURE_FORMAT = PcmFormat.parse("48000/2/s16le");
  private static final long CLOSE_TIMEOUT_SECONDS = 10;

  private interface Step {
    void run() throws InterruptedException;
  }

  private final Deque<Step> closing = new ArrayDeque<>(); // the last one first
  private final TimeSource timeSource;
  private final ScriptedDevices devices;
  private final HubConfig config;
  private Optional<SimulatedTime> simulatedTime = Optional.empty();
  private Optional<String> address = Optional.empty();
  private @Nullable ManagedChannel channel; // null: not started
  private @Nullable LavalierClient client; // null: not started

  private TestServer(
      List<ScriptedMicrophone> microphones, Duration history, TimeSource timeSource) {
    this.timeSource = timeSource;
    this.devices =
        new ScriptedDevices(
            microphones, new LineSettings(id -> CAPTURE_FORMAT, id -> true, timeSource));
    HubConfig defaults = HubConfig.DEFAULTS;
    this.config =
        new HubConfig(
            defaults.limits(),
            defaults.resources(),
            defaults.stallTimeout(),
            history,
            defaults.keptOpen());
  }

  /** Starts a server in this process, in simulated time. */
  static TestServer inProcess(List<ScriptedMicrophone> microphones, Duration history)
      throws IOException {
    AtomicReference<ScriptedDevices> devices = new AtomicReference<>();
    SimulatedTime time = new SimulatedTime(() -> devices.get().captureThreads());
    TestServer server = new TestServer(microphones, history, time);
    devices.set(server.devices);
    server.simulatedTime = Optional.of(time);
    return started(server, () -> server.startInProcess(time));
  }

  /** Starts a server on a free port of loopback, in real time. */
  static TestServer onPort(List<ScriptedMicrophone> microphones, Duration history)
      throws IOException {
    TestServer server = new TestServer(microphones, history, TimeSource.system());
    return started(server, server::startOnPort);
  }

  private interface Start {
    void run() throws IOException;
  }

  private static TestServer started(TestServer server, Start start) throws IOException {
    try {
      start.run();
      return server;
    } catch (IOException | RuntimeException | Error e) {
      server.close();
      throw e;
    }
  }

  private void startInProcess(SimulatedTime time) throws IOException {
    ExecutorService executor = time.newExecutor();
    closing.push(executor::shutdownNow);
    Hub hub = started(new Hub(devices, time, config, HubObserver.NONE, time.newExecutor()));
    EncoderThreads encoders =
        new EncoderThreads(List.of(MoreExecutors.newSequentialExecutor(executor)));
    String name = InProcessServerBuilder.generateName();
    Server server =
        GrpcServer.addServices(
                InProcessServerBuilder.forName(name).executor(executor),
                hub,
                captureCalls(hub, encoders),
                () -> new DeliveryLoop(MoreExecutors.newSequentialExecutor(executor), time),
                new HealthStatusManager(),
                callServices(new RejectionLog(time)))
            .build()
            .start();
    closing.push(
        () -> {
          if (!server.shutdownNow().awaitTermination(CLOSE_TIMEOUT_SECONDS, TimeUnit.SECONDS)) {
            throw new IllegalStateException("a call of the test has not ended");
          }
        });
    closing.push(hub::close);
    AudioCalls calls = new AudioCalls();
    connect(
        InProcessChannelBuilder.forName(name).executor(executor).intercept(calls).build(),
        connected -> LavalierClient.over(connected, time::nanoTime));
    Thread clock = Threads.daemon(() -> passTime(calls, time));
    clock.start();
    closing.push(
        () -> {
          clock.interrupt();
          clock.join();
        });
  }

  /** Lets the time pass while all audio calls wait, until it is interrupted. */
  private static void passTime(AudioCalls calls, SimulatedTime time) {
    try {
      while (true) {
        calls.awaitAllWaiting();
        time.advance(SimulatedTime.STEP);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void startOnPort() throws IOException {
    Hub hub = started(new Hub(devices, timeSource, config, HubObserver.NONE));
    EncoderThreads encoders = EncoderThreads.create();
    closing.push(encoders::close);
    RejectionLog rejections = new RejectionLog(timeSource);
    NettyTransport<DeliveryLoop> transport =
        new NettyTransport<>(
            TransportLimits.DEFAULTS, Optional.empty(), rejections, true, DeliveryLoop::new);
    closing.push(transport::close);
    GrpcServer server =
        new GrpcServer(
            hub,
            captureCalls(hub, encoders),
            new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
            transport,
            callServices(rejections));
    closing.push(server::close);
    closing.push(hub::close);
    server.start();
    String started =
        "%s:%d".formatted(InetAddress.getLoopbackAddress().getHostAddress(), server.port());
    address = Optional.of(started);
    connect(
        Grpc.newChannelBuilder(started, InsecureChannelCredentials.create()).build(),
        connected -> LavalierClient.connect(started));
  }

  private Hub started(Hub hub) {
    devices.start();
    hub.start();
    return hub;
  }

  private AudioCaptureCalls captureCalls(Hub hub, EncoderThreads encoders) {
    return new AudioCaptureCalls(
        hub,
        RefusalObserver.NONE,
        new ServerInfo("testing", config, TransportLimits.DEFAULTS.maxMessageBytes(), timeSource),
        new Codecs(Optional.of(new FlacCodec()), Optional.of(OpusCodec::new), encoders));
  }

  private CallServices callServices(RejectionLog rejections) {
    return new CallServices(
        new CallAuthorizer(Optional.empty(), Optional.empty(), timeSource, rejections),
        new ActiveCalls(timeSource, config.limits().perIdentity()),
        rejections,
        CallObserver.NONE);
  }

  private void connect(
      ManagedChannel connected, Function<ManagedChannel, LavalierClient> newClient) {
    channel = connected;
    closing.push(connected::shutdownNow);
    LavalierClient created = newClient.apply(connected);
    client = created;
    closing.push(created::close);
  }

  /** Returns the time; empty: it is real. */
  Optional<SimulatedTime> simulatedTime() {
    return simulatedTime;
  }

  /** Returns {@code HOST:PORT}; empty: the server is in this process. */
  Optional<String> address() {
    return address;
  }

  ManagedChannel channel() {
    return channel;
  }

  LavalierClient client() {
    return client;
  }

  /**
   * Ends the client, its streams and the server.
   *
   * @throws IllegalStateException if a call of the test does not end
   */
  @Override
  public void close() {
    IllegalStateException failure = null;
    while (!closing.isEmpty()) {
      try {
        closing.pop().run();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      } catch (IllegalStateException e) {
        failure = e;
      }
    }
    if (failure != null) {
      throw failure;
    }
  }
}
