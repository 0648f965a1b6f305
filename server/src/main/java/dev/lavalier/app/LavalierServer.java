package dev.lavalier.app;

import dev.lavalier.access.RejectionLog;
import dev.lavalier.capture.CombinedDevices;
import dev.lavalier.capture.DeviceDescriptor;
import dev.lavalier.capture.Devices;
import dev.lavalier.capture.javasound.JavaSoundDevices;
import dev.lavalier.capture.line.LineSettings;
import dev.lavalier.capture.script.ScriptedDevices;
import dev.lavalier.capture.virtual.ToneDevice;
import dev.lavalier.capture.virtual.VirtualDevices;
import dev.lavalier.codec.flac.FlacCodec;
import dev.lavalier.codec.opus.OpusCodec;
import dev.lavalier.common.TimeSource;
import dev.lavalier.grpc.GrpcServer;
import dev.lavalier.hub.DeliveryLoop;
import dev.lavalier.hub.Hub;
import dev.lavalier.hub.HubConfig;
import dev.lavalier.hub.ResourceLimits;
import dev.lavalier.netty.NettyTransport;
import dev.lavalier.pipeline.EncoderThreads;
import dev.lavalier.service.AccessMonitor;
import dev.lavalier.service.ActiveCalls;
import dev.lavalier.service.AudioCaptureCalls;
import dev.lavalier.service.CallAuthorizer;
import dev.lavalier.service.CallServices;
import dev.lavalier.service.Codecs;
import dev.lavalier.service.ServerInfo;
import dev.lavalier.web.WebServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A complete server. It is started once and closed once. {@link #close} may be called from any
 * thread.
 */
final class LavalierServer implements AutoCloseable {

  private static final Logger log = LoggerFactory.getLogger(LavalierServer.class);

  private final Optional<FleetMember> fleet;
  private final Devices devices;
  private final Hub hub;
  private final EncoderThreads encoderThreads = EncoderThreads.create();
  private final ExecutorService files =
      Executors.newSingleThreadExecutor(
          task -> {
            Thread thread = new Thread(task, "lavalier-access");
            thread.setDaemon(true);
            return thread;
          });
  private final AccessMonitor accessMonitor;
  private final NettyTransport<DeliveryLoop> transport;
  private final Optional<InetSocketAddress> address;
  private final Optional<GrpcServer> tcp;
  private final Optional<GrpcServer> unix;
  private final Optional<WebOptions.Values> webConfig;
  private final Optional<WebServer> web;
  private final Telemetry telemetry;
  private final ResourceLimits limits;

  LavalierServer(ServerOptions.Values config) {
    TimeSource timeSource = TimeSource.system();
    telemetry = new Telemetry(timeSource, config.metrics(), ServerMain.version());
    fleet = config.fleet().map(each -> new FleetMember(each, timeSource));
    devices =
        config.isEdge()
            ? new CombinedDevices(
                List.of(fleet.orElseThrow().devices(telemetry.metrics())), config.allowed())
            : localDevices(config.capture(), config.allowed(), timeSource);
    hub = new Hub(devices, timeSource, hubConfig(config.hub()), telemetry.hubObserver());
    limits = config.hub().resources();
    ActiveCalls activeCalls = new ActiveCalls(timeSource, config.hub().limits().perIdentity());
    accessMonitor =
        new AccessMonitor(hub, activeCalls, config.tokens(), config.tls(), timeSource, files);
    RejectionLog rejections = new RejectionLog(timeSource);
    transport =
        new NettyTransport<>(
            config.transport(), config.tls(), rejections, config.directFrames(), DeliveryLoop::new);
    address = config.address();
    AudioCaptureCalls captureCalls =
        new AudioCaptureCalls(
            hub,
            telemetry.refusalObserver(),
            new ServerInfo(
                ServerMain.version(),
                config.hub(),
                config.transport().maxMessageBytes(),
                timeSource),
            new Codecs(Optional.of(new FlacCodec()), Optional.of(OpusCodec::new), encoderThreads));
    CallServices calls =
        new CallServices(
            new CallAuthorizer(config.tokens(), config.tls(), timeSource, rejections),
            activeCalls,
            rejections,
            telemetry.callObserver());
    tcp = address.map(each -> new GrpcServer(hub, captureCalls, each, transport, calls));
    unix =
        config
            .unixSocket()
            .map(socket -> new GrpcServer(hub, captureCalls, socket, transport, calls));
    webConfig = config.web();
    web = webConfig.map(each -> new WebServer(captureCalls, each.origins(), transport, calls));
  }

  /** Returns the configuration with the clock for epochs that a node of a fleet has. */
  private HubConfig hubConfig(HubConfig config) {
    return fleet.isEmpty()
        ? config
        : new HubConfig(
            config.limits(),
            config.resources(),
            config.stallTimeout(),
            config.history(),
            config.keptOpen(),
            fleet.get().epochs());
  }

  private static String describe(ResourceLimits limits) {
    return "limits: streams %d MiB, %d MiB per caller; history %d MiB; %d frames/s, %d per caller; conversions %.0f %% of a processor per device, %.0f %% per caller"
        .formatted(
            limits.memoryBytes() >> 20,
            limits.memoryBytesPerCaller() >> 20,
            limits.historyBytes() >> 20,
            limits.framesPerSecond(),
            limits.framesPerSecondPerCaller(),
            100 * limits.conversionShare(),
            100 * limits.conversionSharePerCaller());
  }

  private static Devices localDevices(
      CaptureOptions.Values config, Predicate<String> allowed, TimeSource timeSource) {
    LineSettings settings =
        new LineSettings(
                id -> config.deviceFormats().getOrDefault(id, config.format()), allowed, timeSource)
            .withPeriod(config.period());
    String defaultName = config.demo() ? ToneDevice.NAME : "";
    List<Devices> sources = new ArrayList<>();
    if (!config.microphones().isEmpty()) {
      sources.add(new ScriptedDevices(config.microphones(), settings)); // before the hardware
    }
    sources.add(new JavaSoundDevices(settings));
    sources.add(new VirtualDevices(config.virtualDevices(), defaultName, settings));
    return new CombinedDevices(sources, allowed);
  }

  /**
   * Starts the server. Lists the devices of the sound system first, and then starts to listen.
   *
   * @throws ListenException if the server cannot listen on one of its addresses
   */
  void start() throws ListenException {
    devices.start();
    hub.start();
    telemetry.start(hub, limits, transport::directMessages);
    accessMonitor.start();
    fleet.ifPresent(
        each ->
            each.start(
                hub, telemetry.metrics(), up -> forEachListener(it -> it.setFleetHealth(up))));
    if (tcp.isPresent()) {
      try {
        tcp.get().start();
      } catch (IOException e) {
        throw new ListenException("port", address.orElseThrow(), e);
      }
    }
    if (unix.isPresent()) {
      try {
        unix.get().start();
      } catch (IOException e) {
        throw new ListenException(e);
      }
    }
    if (web.isPresent()) {
      start(web.get(), webConfig.orElseThrow());
    }
    encoderThreads.assign().execute(OpusCodec::warmUp);
    log.info("{}", describe(limits));
  }

  private static void start(WebServer web, WebOptions.Values config) throws ListenException {
    InetSocketAddress address = config.address();
    try {
      web.start(address);
    } catch (IOException e) {
      if (!config.otherwiseAnyPort()) {
        throw new ListenException("web-port", address, e);
      }
      log.info("web-port: {} is not available, using a free port", address.getPort());
      startOnAnyPort(web, address.getAddress());
    }
  }

  private static void startOnAnyPort(WebServer web, InetAddress host) throws ListenException {
    InetSocketAddress address = new InetSocketAddress(host, 0);
    try {
      web.start(address);
    } catch (IOException e) {
      throw new ListenException("web-port", address, e);
    }
  }

  /** Returns the port; empty: it listens on none. */
  OptionalInt port() {
    return tcp.map(GrpcServer::port).map(OptionalInt::of).orElseGet(OptionalInt::empty);
  }

  /** Returns the web port; empty: there is none. */
  OptionalInt webPort() {
    return web.map(WebServer::port).map(OptionalInt::of).orElseGet(OptionalInt::empty);
  }

  /** Returns whether a device is the default one now. */
  boolean hasDefaultDevice() {
    return devices.list().stream().anyMatch(DeviceDescriptor::isDefault);
  }

  private void forEachListener(Consumer<GrpcServer> step) {
    unix.ifPresent(step);
    tcp.ifPresent(step);
  }

  /** Refuses new calls, ends the streams, closes the devices, and then closes the connections. */
  @Override
  public void close() {
    // A method reference to FleetMember would load classes of the fleet in every server.
    for (Runnable step :
        List.<Runnable>of(
            () -> forEachListener(GrpcServer::refuseNewCalls),
            () -> web.ifPresent(WebServer::refuseNewCalls),
            () -> fleet.ifPresent(each -> each.stopSharing()),
            hub::close,
            () -> forEachListener(GrpcServer::close),
            () -> web.ifPresent(WebServer::close),
            transport::close,
            accessMonitor::close,
            files::shutdownNow,
            encoderThreads::close,
            devices::close,
            () -> fleet.ifPresent(each -> each.close()),
            telemetry::close)) {
      try {
        step.run();
      } catch (RuntimeException | Error e) {
        log.error("a step of the shutdown failed", e); // the next steps close the microphones
      }
    }
  }
}
