package dev.lavalier.testing;

import dev.lavalier.audio.PcmFormat;
import dev.lavalier.audio.TimeSource;
import dev.lavalier.capture.JavaSoundDevices;
import dev.lavalier.capture.ToneDevice;
import dev.lavalier.grpc.AudioCaptureCalls;
import dev.lavalier.grpc.CallObserver;
import dev.lavalier.grpc.AccessMonitor;
import dev.lavalier.grpc.GrpcServer;
import dev.lavalier.grpc.TransportLimits;
import dev.lavalier.hub.Hub;
import dev.lavalier.hub.HubConfig;
import dev.lavalier.hub.HubObserver;
import io.grpc.ManagedChannel;
import io.grpc.netty.NettyChannelBuilder;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.function.Function;

/** A server of the tone in this process, over TCP on loopback and in real time. */
public final class TcpServer implements AutoCloseable {

  private final JavaSoundDevices registry;
  private final Hub hub;
  private final AccessMonitor accessMonitor;
  private final GrpcServer grpc;

  private TcpServer(JavaSoundDevices registry, Hub hub, AccessMonitor accessMonitor, GrpcServer grpc) {
    this.registry = registry;
    this.hub = hub;
    this.accessMonitor = accessMonitor;
    this.grpc = grpc;
  }

  /** Starts one that captures in a format, and lets everybody in. */
  public static TcpServer start(String captureFormat, HubConfig config) throws IOException {
    return start(captureFormat, config, TransportLimits.DEFAULTS);
  }

  /** Starts one that captures in a format, with limits of the transport. */
  public static TcpServer start(String captureFormat, HubConfig config, TransportLimits limits)
      throws IOException {
    return start(captureFormat, config, limits, hub -> AccessMonitor.allowAll(hub, TimeSource.system()));
  }

  /** Starts one behind a gate. */
  public static TcpServer start(String captureFormat, HubConfig config, Function<Hub, AccessMonitor> accessMonitors)
      throws IOException {
    return start(captureFormat, config, TransportLimits.DEFAULTS, accessMonitors);
  }

  private static TcpServer start(
      String captureFormat, HubConfig config, TransportLimits limits, Function<Hub, AccessMonitor> accessMonitors)
      throws IOException {
    TimeSource timeSource = TimeSource.system();
    JavaSoundDevices registry =
        new JavaSoundDevices(
            id -> PcmFormat.parse(captureFormat),
            true,
            List.of(new ToneDevice()),
            "tone"::equals,
            timeSource);
    registry.start();
    Hub hub =
        new Hub(registry, timeSource, AudioCaptureCalls.frameCodec(), config, HubObserver.NONE);
    AccessMonitor accessMonitor = accessMonitors.apply(hub);
    accessMonitor.start();
    GrpcServer grpc =
        new GrpcServer(
            hub,
            new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
            limits,
            accessMonitor,
            CallObserver.NONE,
            timeSource);
    grpc.start();
    return new TcpServer(registry, hub, accessMonitor, grpc);
  }

  /** Returns its hub. */
  public Hub hub() {
    return hub;
  }

  /** Returns where it listens, on loopback. */
  public int port() {
    return grpc.port();
  }

  /** Returns a connection to it, which is the caller's to shut down. */
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
    accessMonitor.close();
    registry.close();
  }
}
