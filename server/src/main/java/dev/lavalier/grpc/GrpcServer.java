package dev.lavalier.grpc;

import dev.lavalier.hub.Hub;
import io.grpc.Server;
import io.grpc.ServerBuilder;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.protobuf.services.HealthStatusManager;
import io.grpc.protobuf.services.ProtoReflectionServiceV1;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.concurrent.TimeUnit;

/**
 * The network side: AudioCapture, grpc.health.v1 and reflection on one port. Everything runs on the
 * event loops, since nothing here blocks.
 *
 * <p>{@link #start} once, {@link #close} once, from any thread.
 */
public final class GrpcServer implements AutoCloseable {

  /** Requests are a few bytes long. */
  private static final int MAX_REQUEST_BYTES = 64 << 10;

  private static final long KEEPALIVE_SECONDS = 10;
  private static final long KEEPALIVE_TIMEOUT_SECONDS = 5;

  /** For what is queued to be sent; then again for what would not take it. */
  private static final long STOP_MILLIS = 1_000;

  private final EventLoops loops;
  private final HealthStatusManager health = new HealthStatusManager();
  private final Server server;

  /** Makes a server that is not listening yet. */
  public GrpcServer(Hub hub, InetSocketAddress address) {
    this.loops = new EventLoops(Runtime.getRuntime().availableProcessors());
    NettyServerBuilder builder =
        NettyServerBuilder.forAddress(address)
            .directExecutor()
            .maxInboundMessageSize(MAX_REQUEST_BYTES)
            // A peer that vanished without a word is noticed within 15 s.
            .keepAliveTime(KEEPALIVE_SECONDS, TimeUnit.SECONDS)
            .keepAliveTimeout(KEEPALIVE_TIMEOUT_SECONDS, TimeUnit.SECONDS)
            .permitKeepAliveTime(KEEPALIVE_SECONDS, TimeUnit.SECONDS)
            .permitKeepAliveWithoutCalls(true);
    loops.configure(builder);
    this.server =
        addServices(builder, new AudioCaptureService(hub, loops::current), health).build();
  }

  /** Adds what every Lavalier server serves, on whatever transport. */
  public static <B extends ServerBuilder<B>> B addServices(
      B builder, AudioCaptureService service, HealthStatusManager health) {
    return builder
        .addService(service)
        .addService(health.getHealthService())
        .addService(ProtoReflectionServiceV1.newInstance())
        .intercept(new CallerInterceptor());
  }

  /**
   * Listens, and is healthy from then on.
   *
   * @throws IOException where the address cannot be had
   */
  public void start() throws IOException {
    server.start();
    health.setStatus("lavalier.v1.AudioCapture", ServingStatus.SERVING);
  }

  /** Returns the port it listens on. */
  public int port() {
    return server.getPort();
  }

  /** Refuses new calls and turns unhealthy; what runs goes on. Called once. */
  public void refuseNewCalls() {
    health.enterTerminalState();
    server.shutdown();
  }

  /** Ends what still runs, within a few seconds. */
  @Override
  public void close() {
    server.shutdown();
    try {
      if (!server.awaitTermination(STOP_MILLIS, TimeUnit.MILLISECONDS)) {
        server.shutdownNow();
        server.awaitTermination(STOP_MILLIS, TimeUnit.MILLISECONDS);
      }
    } catch (InterruptedException e) {
      server.shutdownNow();
      Thread.currentThread().interrupt();
    }
    loops.close();
  }
}
