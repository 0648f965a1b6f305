package dev.lavalier.grpc;

import dev.lavalier.hub.DeliveryLoop;
import dev.lavalier.hub.Hub;
import dev.lavalier.netty.EventLoops;
import dev.lavalier.netty.NettyTransport;
import dev.lavalier.netty.PeerEventLog;
import dev.lavalier.netty.TransportLimits;
import dev.lavalier.service.AudioCaptureCalls;
import dev.lavalier.service.CallAuthorizer;
import dev.lavalier.service.CallObserver;
import io.grpc.Server;
import io.grpc.ServerBuilder;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.protobuf.services.ChannelzService;
import io.grpc.protobuf.services.HealthStatusManager;
import io.grpc.protobuf.services.ProtoReflectionServiceV1;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/**
 * The gRPC listener: AudioCapture, Admin, grpc.health.v1, channelz and reflection on one port.
 * Everything runs on the event loops, since nothing here blocks.
 *
 * <p>{@link #start} once, {@link #close} once, from any thread.
 */
public final class GrpcServer implements AutoCloseable {

  /** How many connections channelz tells at once. */
  private static final int CHANNELZ_PAGE = 100;

  /** How long a peer may take to answer a keepalive ping. */
  private static final Duration PING_TIMEOUT = Duration.ofSeconds(5);

  /** Clients may ping every 10 s, as grpc's own at the most; here with room for jitter. */
  private static final long PERMITTED_PING_SECONDS = 5;

  /** A connection without a call is closed; clients of gRPC reconnect by themselves. */
  private static final long IDLE_MINUTES = 5;

  /** What netty decodes at most: up to this it is our refusal that the caller sees. */
  private static final int METADATA_ROOM = 2;

  /** For what is queued to be sent; then again for what would not take it. */
  private static final long STOP_TIMEOUT_MILLIS = 1_000;

  private final HealthStatusManager health = new HealthStatusManager();
  private final PeerEventLog peerEvents;
  private final Server server;

  /**
   * Makes a server that is not listening yet.
   *
   * @param transport its event loops, TLS and limits; stays the caller's to close
   * @param authorizer who may call it
   * @param calls told of calls and connections
   */
  public GrpcServer(
      Hub hub,
      InetSocketAddress address,
      NettyTransport<DeliveryLoop> transport,
      CallAuthorizer authorizer,
      CallObserver calls) {
    TransportLimits limits = transport.limits();
    EventLoops<DeliveryLoop> loops = transport.loops();
    NettyServerBuilder builder =
        NettyServerBuilder.forAddress(address)
            .bossEventLoopGroup(loops.group())
            .workerEventLoopGroup(loops.group())
            .channelFactory(transport::newHttp2Listener)
            .directExecutor()
            .maxConcurrentCallsPerConnection(limits.maxCallsPerConnection())
            .maxInboundMessageSize(limits.maxMessageBytes())
            .maxInboundMetadataSize(METADATA_ROOM * limits.maxMetadataBytes())
            .handshakeTimeout(limits.handshakeTimeout().toMillis(), TimeUnit.MILLISECONDS)
            .maxRstFramesPerWindow(limits.maxResets(), TransportLimits.RESETS_SECONDS)
            // A peer that vanished without a word is noticed within both.
            .keepAliveTime(limits.keepaliveTime().toMillis(), TimeUnit.MILLISECONDS)
            .keepAliveTimeout(PING_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS)
            .permitKeepAliveTime(PERMITTED_PING_SECONDS, TimeUnit.SECONDS)
            .permitKeepAliveWithoutCalls(true)
            .maxConnectionIdle(IDLE_MINUTES, TimeUnit.MINUTES);
    transport.tls().ifPresent(tls -> builder.sslContext(tls.context()));
    // Later than the keepalive's verdict, so that only that one is logged.
    Duration userTimeout = limits.keepaliveTime().plus(PING_TIMEOUT.multipliedBy(2));
    loops.configure(builder::withChildOption, userTimeout);
    this.peerEvents = transport.peerEvents();
    this.server =
        addServices(builder, hub, loops::current, health, authorizer, calls)
            .intercept(new RequestLimitInterceptor(loops, limits)) // the last is asked first
            .addStreamTracerFactory(LimitTracer.factory(peerEvents))
            .build();
  }

  /**
   * Adds what every Lavalier server serves, on whatever transport.
   *
   * @param deliveryLoops the delivery loop for the call that runs on the current thread
   * @param authorizer who may call it
   * @param calls told of calls and connections
   */
  public static <B extends ServerBuilder<B>> B addServices(
      B builder,
      Hub hub,
      Supplier<DeliveryLoop> deliveryLoops,
      HealthStatusManager health,
      CallAuthorizer authorizer,
      CallObserver calls) {
    AudioCaptureService service =
        new AudioCaptureService(new AudioCaptureCalls(hub), deliveryLoops);
    return builder
        .addService(MalformedRequestGuard.wrap(service.bindService()))
        .addService(MalformedRequestGuard.wrap(new AdminService(hub).bindService()))
        .addService(
            MalformedRequestGuard.wrap(new HealthService(health, hub, deliveryLoops).bindService()))
        .addService(
            MalformedRequestGuard.wrap(ChannelzService.newInstance(CHANNELZ_PAGE).bindService()))
        .addService(
            MalformedRequestGuard.wrap(ProtoReflectionServiceV1.newInstance().bindService()))
        .addTransportFilter(new ConnectionCounter(calls))
        .addStreamTracerFactory(CallTracer.factory(calls))
        .intercept(new AuthInterceptor(authorizer));
  }

  /**
   * Listens, and is healthy from then on.
   *
   * @throws IOException if the address cannot be used
   */
  public void start() throws IOException {
    server.start();
    health.setStatus(HealthService.SERVICE, ServingStatus.SERVING);
  }

  /** Returns the port it listens on. */
  public int port() {
    return server.getPort();
  }

  /** Refuses new calls and turns unhealthy; what runs goes on. Called once. */
  public void refuseNewCalls() {
    peerEvents.stop();
    health.enterTerminalState();
    server.shutdown();
  }

  /** Ends what still runs, within a few seconds. */
  @Override
  public void close() {
    peerEvents.stop();
    server.shutdown();
    try {
      if (!server.awaitTermination(STOP_TIMEOUT_MILLIS, TimeUnit.MILLISECONDS)) {
        server.shutdownNow();
        server.awaitTermination(STOP_TIMEOUT_MILLIS, TimeUnit.MILLISECONDS);
      }
    } catch (InterruptedException e) {
      server.shutdownNow();
      Thread.currentThread().interrupt();
    }
  }
}
