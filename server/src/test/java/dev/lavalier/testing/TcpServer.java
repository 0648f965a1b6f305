package dev.lavalier.testing;

import dev.lavalier.access.RejectionLog;
import dev.lavalier.access.Reloadable;
import dev.lavalier.access.TokenFile;
import dev.lavalier.audio.PcmFormat;
import dev.lavalier.capture.Devices;
import dev.lavalier.capture.line.LineSettings;
import dev.lavalier.capture.virtual.ToneDevice;
import dev.lavalier.capture.virtual.VirtualDevices;
import dev.lavalier.codec.flac.FlacCodec;
import dev.lavalier.codec.opus.OpusCodec;
import dev.lavalier.common.TimeSource;
import dev.lavalier.grpc.GrpcServer;
import dev.lavalier.hub.DeliveryLoop;
import dev.lavalier.hub.Hub;
import dev.lavalier.hub.HubConfig;
import dev.lavalier.hub.HubObserver;
import dev.lavalier.netty.NettyTransport;
import dev.lavalier.netty.ServerTls;
import dev.lavalier.netty.TransportLimits;
import dev.lavalier.netty.UnixSocket;
import dev.lavalier.pipeline.EncoderThreads;
import dev.lavalier.service.AccessMonitor;
import dev.lavalier.service.ActiveCalls;
import dev.lavalier.service.AudioCaptureCalls;
import dev.lavalier.service.CallAuthorizer;
import dev.lavalier.service.CallObserver;
import dev.lavalier.service.CallServices;
import dev.lavalier.service.Codecs;
import dev.lavalier.service.RefusalObserver;
import dev.lavalier.service.ServerInfo;
import dev.lavalier.web.WebServer;
import io.grpc.ManagedChannel;
import io.grpc.netty.NettyChannelBuilder;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/** An in-process server of the tone, over TCP on loopback or a Unix socket, and in real time. */
public final class TcpServer implements AutoCloseable {

  /** As for a server process, so that all tests can run with the ordinary path alone. */
  private static final boolean DIRECT_FRAMES =
      !"false".equals(System.getenv("LAVALIER_DIRECT_FRAMES"));

  private final Devices devices;
  private final Hub hub;
  private final AccessMonitor accessMonitor;
  private final NettyTransport<DeliveryLoop> transport;
  private final EncoderThreads encoders;
  private final GrpcServer grpc;
  private final AudioCaptureCalls captureCalls;
  private final CallServices calls;
  private @Nullable WebServer web; // null: no web port

  private TcpServer(
      Devices devices,
      Hub hub,
      AccessMonitor accessMonitor,
      NettyTransport<DeliveryLoop> transport,
      EncoderThreads encoders,
      GrpcServer grpc,
      AudioCaptureCalls captureCalls,
      CallServices calls) {
    this.devices = devices;
    this.hub = hub;
    this.accessMonitor = accessMonitor;
    this.transport = transport;
    this.encoders = encoders;
    this.grpc = grpc;
    this.captureCalls = captureCalls;
    this.calls = calls;
  }

  /**
   * Access control of a server.
   *
   * @param tokens the token file; empty: no token file
   * @param tls the server's certificate; empty: no encryption
   * @param timeSource time for the expiry and the checks of access
   * @param files runs the tasks that read files
   */
  public record Access(
      Optional<Reloadable<TokenFile>> tokens,
      Optional<ServerTls> tls,
      TimeSource timeSource,
      Executor files) {

    /** All callers, without encryption. */
    public static final Access UNRESTRICTED =
        new Access(Optional.empty(), Optional.empty(), TimeSource.system(), Runnable::run);
  }

  /** Starts a server with a capture format, and without access control. */
  public static TcpServer start(String captureFormat, HubConfig config) throws IOException {
    return start(captureFormat, config, TransportLimits.DEFAULTS);
  }

  /** Starts a server with a capture format and with limits of the transport. */
  public static TcpServer start(String captureFormat, HubConfig config, TransportLimits limits)
      throws IOException {
    return start(captureFormat, config, limits, Access.UNRESTRICTED, TimeSource.system(), 0);
  }

  /** Starts a server that sends all frames with gRPC. */
  public static TcpServer startWithoutDirectFrames(String captureFormat, HubConfig config)
      throws IOException {
    return start(
        captureFormat,
        config,
        TransportLimits.DEFAULTS,
        Access.UNRESTRICTED,
        TimeSource.system(),
        0,
        null,
        false);
  }

  /** Starts a server with a capture format and with access control. */
  public static TcpServer start(String captureFormat, HubConfig config, Access access)
      throws IOException {
    return start(captureFormat, config, TransportLimits.DEFAULTS, access, TimeSource.system(), 0);
  }

  /** Starts a server with a clock of the test, on a port; 0: any free port. */
  public static TcpServer start(
      String captureFormat, HubConfig config, TimeSource timeSource, int port) throws IOException {
    return start(
        captureFormat, config, TransportLimits.DEFAULTS, Access.UNRESTRICTED, timeSource, port);
  }

  /** Starts a server on a Unix socket. */
  public static TcpServer start(
      UnixSocket socket,
      String captureFormat,
      HubConfig config,
      TransportLimits limits,
      Access access)
      throws IOException {
    return start(
        captureFormat, config, limits, access, TimeSource.system(), 0, socket, DIRECT_FRAMES);
  }

  private static TcpServer start(
      String captureFormat,
      HubConfig config,
      TransportLimits limits,
      Access access,
      TimeSource timeSource,
      int port)
      throws IOException {
    return start(captureFormat, config, limits, access, timeSource, port, null, DIRECT_FRAMES);
  }

  private static TcpServer start(
      String captureFormat,
      HubConfig config,
      TransportLimits limits,
      Access access,
      TimeSource timeSource,
      int port,
      @Nullable UnixSocket socket,
      boolean directFrames)
      throws IOException {
    LineSettings settings =
        new LineSettings(id -> PcmFormat.parse(captureFormat), id -> true, timeSource);
    Devices devices = new VirtualDevices(List.of(new ToneDevice()), ToneDevice.NAME, settings);
    devices.start();
    Hub hub = new Hub(devices, timeSource, config, HubObserver.NONE);
    ActiveCalls activeCalls = new ActiveCalls(access.timeSource(), config.limits().perIdentity());
    AccessMonitor accessMonitor =
        new AccessMonitor(
            hub, activeCalls, access.tokens(), access.tls(), access.timeSource(), access.files());
    accessMonitor.start();
    RejectionLog rejections = new RejectionLog(access.timeSource());
    NettyTransport<DeliveryLoop> transport =
        new NettyTransport<>(limits, access.tls(), rejections, directFrames, DeliveryLoop::new);
    EncoderThreads encoders = EncoderThreads.create();
    AudioCaptureCalls captureCalls =
        new AudioCaptureCalls(
            hub,
            RefusalObserver.NONE,
            new ServerInfo("1.2.3-test", config, limits.maxMessageBytes(), timeSource),
            new Codecs(Optional.of(new FlacCodec()), Optional.of(OpusCodec::new), encoders));
    CallServices calls =
        new CallServices(
            new CallAuthorizer(access.tokens(), access.tls(), access.timeSource(), rejections),
            activeCalls,
            rejections,
            CallObserver.NONE);
    InetSocketAddress address = new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
    GrpcServer grpc =
        socket == null
            ? new GrpcServer(hub, captureCalls, address, transport, calls)
            : new GrpcServer(hub, captureCalls, socket, transport, calls);
    grpc.start();
    return new TcpServer(
        devices, hub, accessMonitor, transport, encoders, grpc, captureCalls, calls);
  }

  /** Opens the web port on loopback, and returns its number. */
  public int startWeb(CallObserver observer, String... origins) throws IOException {
    web =
        new WebServer(
            captureCalls,
            List.of(origins),
            transport,
            new CallServices(
                calls.authorizer(), calls.activeCalls(), calls.rejections(), observer));
    web.start(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
    return web.port();
  }

  /** Returns the server's hub. */
  public Hub hub() {
    return hub;
  }

  /** Returns the port on loopback. */
  public int port() {
    return grpc.port();
  }

  /** Returns the number of messages that were sent directly. */
  public long directMessages() {
    return transport.directMessages();
  }

  /** Returns a new connection to the server. The caller shuts it down. */
  public ManagedChannel newChannel() {
    return NettyChannelBuilder.forAddress("localhost", grpc.port())
        .overrideAuthority("localhost")
        .maxInboundMessageSize(1 << 20)
        .usePlaintext()
        .build();
  }

  @Override
  public void close() {
    grpc.refuseNewCalls();
    hub.close();
    grpc.close();
    if (web != null) {
      web.close();
    }
    transport.close();
    encoders.close();
    accessMonitor.close();
    devices.close();
  }
}
