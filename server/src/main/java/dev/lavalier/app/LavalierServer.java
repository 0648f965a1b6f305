package dev.lavalier.app;

import dev.lavalier.access.RejectionLog;
import dev.lavalier.audio.TimeSource;
import dev.lavalier.capture.JavaSoundDevices;
import dev.lavalier.grpc.GrpcServer;
import dev.lavalier.hub.DeliveryLoop;
import dev.lavalier.hub.Hub;
import dev.lavalier.netty.NettyTransport;
import dev.lavalier.service.AccessMonitor;
import dev.lavalier.service.AudioCaptureCalls;
import dev.lavalier.service.CallAuthorizer;
import java.io.IOException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/** A whole server: made, started and closed once. {@link #close} may be called from any thread. */
final class LavalierServer implements AutoCloseable {

  private final JavaSoundDevices registry;
  private final Hub hub;
  private final ExecutorService files =
      Executors.newSingleThreadExecutor(
          task -> {
            Thread thread = new Thread(task, "lavalier-access");
            thread.setDaemon(true);
            return thread;
          });
  private final AccessMonitor accessMonitor;
  private final NettyTransport<DeliveryLoop> transport;
  private final GrpcServer grpc;
  private final Telemetry telemetry;

  LavalierServer(ServerConfig config) {
    TimeSource timeSource = TimeSource.system();
    registry =
        new JavaSoundDevices(
            id -> config.captureFormats().getOrDefault(id, config.captureFormat()),
            config.demo(),
            config.devices(),
            config.allowed(),
            timeSource);
    telemetry = new Telemetry(timeSource, config.metrics(), ServerMain.version());
    hub =
        new Hub(
            registry,
            timeSource,
            AudioCaptureCalls.frameCodec(),
            config.hub(),
            telemetry.hubObserver());
    accessMonitor = new AccessMonitor(hub, config.tokens(), config.tls(), timeSource, files);
    RejectionLog rejections = new RejectionLog(timeSource);
    transport =
        new NettyTransport<>(
            config.transport(), config.tls(), rejections, timeSource, DeliveryLoop::new);
    grpc =
        new GrpcServer(
            hub,
            config.address(),
            transport,
            new CallAuthorizer(config.tokens(), config.tls(), timeSource, rejections),
            telemetry.callObserver());
  }

  /**
   * Listens, once the sound system has told its devices.
   *
   * @throws IOException where the address cannot be had
   */
  void start() throws IOException {
    registry.start();
    hub.start();
    telemetry.start(hub);
    accessMonitor.start();
    grpc.start();
  }

  int port() {
    return grpc.port();
  }

  /** Refuses new calls, ends the streams, closes the devices, then the connections. */
  @Override
  public void close() {
    grpc.refuseNewCalls();
    hub.close();
    grpc.close();
    transport.close();
    accessMonitor.close();
    files.shutdownNow();
    registry.close();
    telemetry.close();
  }
}
