package dev.lavalier.testing;

import com.google.common.util.concurrent.MoreExecutors;
import dev.lavalier.access.RejectionLog;
import dev.lavalier.access.Reloadable;
import dev.lavalier.access.TokenFile;
import dev.lavalier.capture.Devices;
import dev.lavalier.capture.virtual.VirtualDevice;
import dev.lavalier.common.TimeSource;
import dev.lavalier.grpc.GrpcServer;
import dev.lavalier.hub.DeliveryLoop;
import dev.lavalier.hub.Hub;
import dev.lavalier.hub.HubConfig;
import dev.lavalier.hub.HubObserver;
import dev.lavalier.hub.ResourceLimits;
import dev.lavalier.hub.SubscriberLimits;
import dev.lavalier.netty.TransportLimits;
import dev.lavalier.service.AccessMonitor;
import dev.lavalier.service.ActiveCalls;
import dev.lavalier.service.AudioCaptureCalls;
import dev.lavalier.service.CallAuthorizer;
import dev.lavalier.service.CallObserver;
import dev.lavalier.service.CallServices;
import dev.lavalier.service.RefusalObserver;
import dev.lavalier.service.ServerInfo;
import dev.lavalier.v1.AudioCaptureGrpc;
import dev.lavalier.v1.Device;
import dev.lavalier.v1.DeviceState;
import dev.lavalier.v1.ListDevicesRequest;
import dev.lavalier.v1.PullFramesRequest;
import dev.lavalier.v1.StreamFramesRequest;
import io.grpc.Channel;
import io.grpc.ClientInterceptors;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.inprocess.InProcessChannelBuilder;
import io.grpc.inprocess.InProcessServerBuilder;
import io.grpc.protobuf.services.HealthStatusManager;
import io.grpc.stub.MetadataUtils;
import io.grpc.testing.GrpcCleanupRule;
import java.io.IOException;
import java.lang.reflect.Method;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeoutException;
import java.util.function.BooleanSupplier;
import java.util.function.Predicate;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.InvocationInterceptor;
import org.junit.jupiter.api.extension.ReflectiveInvocationContext;
import org.junit.runner.Description;
import org.junit.runners.model.Statement;

/**
 * An in-process server for each test, with its devices, channel and time. The server does not use
 * the machine's sound hardware, so that a test sees the same devices everywhere.
 *
 * <pre>{@code
 * @RegisterExtension
 * final LavalierExtension lavalier = LavalierExtension.withManualTime();
 * }</pre>
 *
 * <p>The {@link GrpcCleanupRule} of grpc-testing shuts down servers and channels. It fails the test
 * if one of them does not end.
 */
public final class LavalierExtension
    implements BeforeEachCallback, AfterEachCallback, InvocationInterceptor {

  private static final Duration REAL_TIMEOUT = Duration.ofSeconds(10);

  private final ManualTimeSource manualTime; // null: real time
  private final TimeSource timeSource;
  private final TestDevices devices;
  private HubConfig config = HubConfig.DEFAULTS;
  private HubObserver observer = HubObserver.NONE;
  private TestTokenFile tokenFile; // null: no access control
  private RefusalObserver refusals = RefusalObserver.NONE;
  private CallObserver calls = CallObserver.NONE;

  private final GrpcCleanupRule cleanup = new GrpcCleanupRule();
  private CountedExecutor executor;
  private CountedExecutor workers; // of the hub
  private Devices sources;
  private Hub hub;
  private AccessMonitor accessMonitor;
  private ManagedChannel channel;

  private LavalierExtension(ManualTimeSource manualTime) {
    this.manualTime = manualTime;
    this.timeSource = manualTime == null ? TimeSource.system() : manualTime;
    this.devices = new TestDevices(timeSource);
  }

  /** Creates a server whose time changes only when {@link #timeSource()} is advanced. */
  public static LavalierExtension withManualTime() {
    return new LavalierExtension(new ManualTimeSource());
  }

  /** Creates a server in real time. */
  public static LavalierExtension withRealTime() {
    return new LavalierExtension(null);
  }

  /** Sets the capture format: {@code RATE/CHANNELS/ENCODING}. */
  public LavalierExtension withCaptureFormat(String format) {
    devices.captureFormat(format);
    return this;
  }

  /** Sets the capture format of one device. */
  public LavalierExtension withCaptureFormat(String deviceId, String format) {
    devices.captureFormat(deviceId, format);
    return this;
  }

  /** Adds a device. */
  public LavalierExtension with(VirtualDevice device) {
    devices.add(device);
    return this;
  }

  /** Adds a scripted device, which is hardware to the server. */
  public LavalierExtension withScripted(String name) {
    devices.addScripted(name);
    return this;
  }

  /** Starts the server without {@code --demo}. */
  public LavalierExtension withoutDemo() {
    devices.withoutDemo();
    return this;
  }

  /** Sets the hub's limits. */
  public LavalierExtension withLimits(SubscriberLimits limits, Duration stallTimeout) {
    config =
        new HubConfig(
            limits, config.resources(), stallTimeout, config.history(), config.keptOpen());
    return this;
  }

  /** Sets the hub's limits on memory and work. */
  public LavalierExtension withResources(ResourceLimits resources) {
    config =
        new HubConfig(
            config.limits(), resources, config.stallTimeout(), config.history(), config.keptOpen());
    return this;
  }

  /** Sets the history that the server keeps of each open device, and the always-on devices. */
  public LavalierExtension withHistory(Duration history, String... keptOpen) {
    config =
        new HubConfig(
            config.limits(), config.resources(), config.stallTimeout(), history, Set.of(keptOpen));
    return this;
  }

  /** Sets the observer of the hub. */
  public LavalierExtension withObserver(HubObserver listener) {
    observer = listener;
    return this;
  }

  /** Makes the server require tokens. The lines are those of a {@link TestTokenFile}. */
  public LavalierExtension withTokens(String... lines) {
    tokenFile = TestTokenFile.create(lines);
    return this;
  }

  /** Writes the token file again. The server reads it within a second. */
  public void writeTokens(String... lines) {
    tokenFile.write(lines);
  }

  /** Sets the observer of calls and connections. */
  public LavalierExtension withObserver(CallObserver listener) {
    calls = listener;
    return this;
  }

  /** Sets the observer of subscriptions that are refused. */
  public LavalierExtension withObserver(RefusalObserver listener) {
    refusals = listener;
    return this;
  }

  @Override
  public void beforeEach(ExtensionContext context) throws IOException {
    executor = new CountedExecutor();
    workers = new CountedExecutor(devices::hangingCalls);
    if (manualTime != null) {
      manualTime.afterEachStep(
          () -> {
            workers.awaitIdle();
            executor.awaitIdle();
          });
    }
    sources = devices.create();
    sources.start();
    hub = new Hub(sources, timeSource, config, observer, workers);
    hub.start();
    Optional<Reloadable<TokenFile>> tokens =
        Optional.ofNullable(tokenFile).map(TestTokenFile::reloadable);
    ActiveCalls activeCalls = new ActiveCalls(timeSource, config.limits().perIdentity());
    accessMonitor =
        new AccessMonitor(hub, activeCalls, tokens, Optional.empty(), timeSource, Runnable::run);
    accessMonitor.start();
    RejectionLog rejections = new RejectionLog(timeSource);
    String name = InProcessServerBuilder.generateName();
    cleanup.register(
        GrpcServer.addServices(
                InProcessServerBuilder.forName(name).executor(executor),
                hub,
                new AudioCaptureCalls(hub, refusals, serverInfo()),
                () -> new DeliveryLoop(MoreExecutors.newSequentialExecutor(executor), timeSource),
                new HealthStatusManager(),
                new CallServices(
                    new CallAuthorizer(tokens, Optional.empty(), timeSource, rejections),
                    activeCalls,
                    rejections,
                    calls))
            .build()
            .start());
    channel = cleanup.register(InProcessChannelBuilder.forName(name).executor(executor).build());
  }

  @Override
  public void interceptTestTemplateMethod(
      Invocation<Void> invocation,
      ReflectiveInvocationContext<Method> invocationContext,
      ExtensionContext context)
      throws Throwable {
    interceptTestMethod(invocation, invocationContext, context);
  }

  @Override
  public void interceptTestMethod(
      Invocation<Void> invocation,
      ReflectiveInvocationContext<Method> invocationContext,
      ExtensionContext context)
      throws Throwable {
    cleanup
        .apply(
            new Statement() {
              @Override
              public void evaluate() throws Throwable {
                try {
                  invocation.proceed();
                } finally {
                  hub.close();
                }
              }
            },
            Description.EMPTY)
        .evaluate();
  }

  @Override
  public void afterEach(ExtensionContext context) {
    accessMonitor.close();
    sources.close();
    devices.removeScripted();
    executor.close();
    workers.close();
  }

  /** Returns the test's time. */
  public ManualTimeSource timeSource() {
    return manualTime;
  }

  /** Returns the script of a device. */
  public ScriptedMixerProvider.Script script(String name) {
    return devices.script(name);
  }

  /** Returns the properties of the server. */
  public ServerInfo serverInfo() {
    return new ServerInfo(
        "1.2.3-test", config, TransportLimits.DEFAULTS.maxMessageBytes(), timeSource);
  }

  /** Returns the hub, for example to stop it. */
  public Hub hub() {
    return hub;
  }

  /** Returns the channel to the server. */
  public ManagedChannel channel() {
    return channel;
  }

  /** Returns the channel to the server, with a token in each call. */
  public Channel channelWith(String token) {
    Metadata metadata = new Metadata();
    metadata.put(
        Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER), "Bearer " + token);
    return ClientInterceptors.intercept(
        channel, MetadataUtils.newAttachHeadersInterceptor(metadata));
  }

  /** Returns a blocking stub. */
  public AudioCaptureGrpc.AudioCaptureBlockingStub blocking() {
    return AudioCaptureGrpc.newBlockingStub(channel);
  }

  /** Subscribes, without requesting messages. */
  public TestSubscriber subscribe(StreamFramesRequest request) {
    return TestSubscriber.subscribe(channel, request);
  }

  /** Subscribes to the default device with a frame size, without requesting messages. */
  public TestSubscriber subscribe(int frameSize) {
    return subscribe(StreamFramesRequest.newBuilder().setFrameSize(frameSize).build());
  }

  /** Starts a PullFrames call with initial credit. */
  public TestPuller pull(StreamFramesRequest request, int credit) {
    return TestPuller.pull(
        channel, PullFramesRequest.newBuilder().setSubscribe(request).setCredit(credit).build());
  }

  /** Calls {@link ManualTimeSource#advance(Duration, int)}: each open device has one sleeper. */
  public void advance(Duration by, int openDevices) throws InterruptedException, TimeoutException {
    manualTime.advance(by, openDevices);
  }

  /** Calls {@link ManualTimeSource#advanceSeconds}: each open device has one sleeper. */
  public void advanceSeconds(int seconds, int openDevices)
      throws InterruptedException, TimeoutException {
    manualTime.advanceSeconds(seconds, openDevices);
  }

  /**
   * Advances the time in steps until a condition is true, for at most 10 s of real time. After each
   * step, waits for a response of the server, so that time does not advance faster than the work.
   */
  public void advanceUntil(Duration step, BooleanSupplier done) throws TimeoutException {
    manualTime.advanceUntil(step, done, this::deviceIds);
  }

  /** Returns a device as a client sees it. */
  public Device device(String id) {
    return listed().stream().filter(d -> d.getDeviceId().equals(id)).findFirst().orElseThrow();
  }

  /** Returns the ids of the listed devices. */
  public List<String> deviceIds() {
    return listed().stream().map(Device::getDeviceId).toList();
  }

  private List<Device> listed() {
    return blocking().listDevices(ListDevicesRequest.getDefaultInstance()).getDevicesList();
  }

  /** Waits until a device is in a state, for at most 10 s. */
  public void awaitState(String id, DeviceState state) throws TimeoutException {
    awaitDevice(id, seen -> seen.getState() == state);
  }

  /** Waits until a device has {@code count} subscribers, for at most 10 s. */
  public void awaitSubscribers(String id, int count) throws TimeoutException {
    awaitDevice(id, seen -> seen.getSubscriberCount() == count);
  }

  /**
   * Waits until the server has handled all calls so far, for at most 10 s. By then, the resulting
   * messages are in the mailboxes of the devices, but may not be processed yet.
   */
  public void awaitCallsHandled() throws TimeoutException {
    if (!executor.awaitIdle(REAL_TIMEOUT.toNanos())) {
      throw new TimeoutException("calls are still being handled");
    }
  }

  private void awaitDevice(String id, Predicate<Device> wanted) throws TimeoutException {
    long end = System.nanoTime() + REAL_TIMEOUT.toNanos();
    Device seen = device(id);
    while (!wanted.test(seen)) {
      if (System.nanoTime() > end) {
        throw new TimeoutException("still " + seen);
      }
      Thread.onSpinWait();
      seen = device(id);
    }
  }

  /** Returns the names of the live reader threads. */
  public static List<String> readers() {
    return Thread.getAllStackTraces().keySet().stream()
        .map(Thread::getName)
        .filter(name -> name.startsWith("lavalier-reader-"))
        .sorted()
        .toList();
  }
}
