package dev.lavalier.grpc;

import dev.lavalier.hub.DeliveryLoop;
import dev.lavalier.hub.Hub;
import dev.lavalier.netty.EventLoops;
import dev.lavalier.netty.NettyTransport;
import dev.lavalier.netty.TransportLimits;
import dev.lavalier.netty.UnixSocket;
import dev.lavalier.service.AudioCaptureCalls;
import dev.lavalier.service.CallServices;
import io.grpc.BindableService;
import io.grpc.Codec;
import io.grpc.DecompressorRegistry;
import io.grpc.Server;
import io.grpc.ServerBuilder;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.protobuf.services.ChannelzService;
import io.grpc.protobuf.services.HealthStatusManager;
import io.grpc.protobuf.services.ProtoReflectionService;
import io.grpc.protobuf.services.ProtoReflectionServiceV1;
import io.netty.channel.ChannelOption;
import io.netty.handler.ssl.ApplicationProtocolNames;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/**
 * A gRPC listener, on a port or a Unix socket: AudioCapture, Admin, grpc.health.v1, channelz and
 * reflection. All services run on the event loops, because none of them blocks.
 *
 * <p>{@link #start} and {@link #close} are called once each, from any thread. {@link #close} blocks
 * for at most two seconds.
 */
public final class GrpcServer implements AutoCloseable {

  /** The maximum size of the requests of one connection that the server has not read yet. */
  private static final int REQUEST_WINDOW_BYTES = 64 << 10;

  /** The maximum number of connections in one response of channelz. */
  private static final int CHANNELZ_PAGE = 100;

  /**
   * The minimum time between pings of a client. gRPC clients ping at most every 10 s; this leaves
   * room for jitter.
   */
  private static final long PERMITTED_PING_SECONDS = 5;

  /**
   * The time after which a connection without a call is closed. gRPC clients reconnect
   * automatically.
   */
  private static final long IDLE_MINUTES = 5;

  /**
   * The limit of metadata in netty, as a multiple of the configured limit. Up to it, {@link
   * RequestLimitInterceptor} rejects the call, with a clear error.
   */
  private static final int METADATA_ROOM = 2;

  /** The time for queued messages to be sent, and again for the calls that are then cancelled. */
  private static final long STOP_TIMEOUT_MILLIS = 1_000;

  private final HealthStatusManager health = new HealthStatusManager();
  private final Server server;
  private final Optional<UnixSocket> unixSocket;

  /**
   * Creates a server that does not listen yet, for a port.
   *
   * @param hub the source of devices
   * @param captureCalls the calls of AudioCapture on that hub
   * @param address the address to listen on; port 0 selects a free port
   * @param transport the event loops, TLS and limits; {@link #close} does not close it
   * @param calls what all calls share
   */
  public GrpcServer(
      Hub hub,
      AudioCaptureCalls captureCalls,
      InetSocketAddress address,
      NettyTransport<DeliveryLoop> transport,
      CallServices calls) {
    NettyServerBuilder builder =
        NettyServerBuilder.forAddress(address).channelFactory(transport::newListener);
    transport
        .tls()
        .ifPresent(tls -> builder.sslContext(tls.context(ApplicationProtocolNames.HTTP_2)));
    transport.loops().configure(builder::withChildOption, transport.limits().userTimeout());
    this.server = build(builder, hub, captureCalls, transport, calls);
    this.unixSocket = Optional.empty();
  }

  /**
   * Creates a server that does not listen yet, for a Unix socket. It has no TLS.
   *
   * @param hub the source of devices
   * @param captureCalls the calls of AudioCapture on that hub
   * @param socket the socket to listen on; {@link #refuseNewCalls} and {@link #close} remove its
   *     file
   * @param transport the event loops and limits; {@link #close} does not close it
   * @param calls what all calls share
   */
  public GrpcServer(
      Hub hub,
      AudioCaptureCalls captureCalls,
      UnixSocket socket,
      NettyTransport<DeliveryLoop> transport,
      CallServices calls) {
    NettyServerBuilder builder =
        NettyServerBuilder.forAddress(socket.bindAddress())
            .channelFactory(transport::newUnixListener)
            // gRPC sets it for every connection, and netty warns if the socket does not have it.
            .withChildOption(ChannelOption.SO_KEEPALIVE, null);
    this.server = build(builder, hub, captureCalls, transport, calls);
    this.unixSocket = Optional.of(socket);
  }

  private Server build(
      NettyServerBuilder builder,
      Hub hub,
      AudioCaptureCalls captureCalls,
      NettyTransport<DeliveryLoop> transport,
      CallServices calls) {
    TransportLimits limits = transport.limits();
    EventLoops<DeliveryLoop> loops = transport.loops();
    builder
        .bossEventLoopGroup(loops.group())
        .workerEventLoopGroup(loops.group())
        .directExecutor()
        .maxConcurrentCallsPerConnection(limits.maxCallsPerConnection())
        .maxInboundMessageSize(limits.maxMessageBytes())
        .flowControlWindow(REQUEST_WINDOW_BYTES)
        // A compressed request is larger in memory than on the network, and none is large.
        .decompressorRegistry(DecompressorRegistry.emptyInstance().with(Codec.Identity.NONE, false))
        .maxInboundMetadataSize(METADATA_ROOM * limits.maxMetadataBytes())
        .handshakeTimeout(limits.handshakeTimeout().toMillis(), TimeUnit.MILLISECONDS)
        .maxRstFramesPerWindow(limits.maxResets(), TransportLimits.RESETS_SECONDS)
        // Together these limit the time until a failed peer is detected.
        .keepAliveTime(limits.keepaliveTime().toMillis(), TimeUnit.MILLISECONDS)
        .keepAliveTimeout(TransportLimits.PING_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS)
        .permitKeepAliveTime(PERMITTED_PING_SECONDS, TimeUnit.SECONDS)
        .permitKeepAliveWithoutCalls(true)
        .maxConnectionIdle(IDLE_MINUTES, TimeUnit.MINUTES);
    return addServices(builder, hub, captureCalls, loops::current, health, calls)
        .intercept(new RequestLimitInterceptor(loops, limits)) // the last interceptor runs first
        .build();
  }

  /**
   * Adds the services and interceptors of every Lavalier server to the builder of any transport.
   *
   * @param builder the builder of the server
   * @param hub the source of devices
   * @param captureCalls the calls of AudioCapture on that hub
   * @param deliveryLoops supplies the delivery loop for the call that runs on the current thread
   * @param health the health of the server
   * @param calls what all calls share
   * @return the builder
   */
  public static <B extends ServerBuilder<B>> B addServices(
      B builder,
      Hub hub,
      AudioCaptureCalls captureCalls,
      Supplier<DeliveryLoop> deliveryLoops,
      HealthStatusManager health,
      CallServices calls) {
    AudioCaptureService service = new AudioCaptureService(captureCalls);
    return builder
        .addService(MalformedRequestGuard.wrap(service.bindService()))
        .addService(MalformedRequestGuard.wrap(new AdminService(hub).bindService()))
        .addService(MalformedRequestGuard.wrap(new HealthService(health, hub).bindService()))
        .addService(
            MalformedRequestGuard.wrap(ChannelzService.newInstance(CHANNELZ_PAGE).bindService()))
        .addService(
            MalformedRequestGuard.wrap(ProtoReflectionServiceV1.newInstance().bindService()))
        .addService(MalformedRequestGuard.wrap(olderReflection().bindService()))
        .addTransportFilter(new ConnectionCounter(calls.observer()))
        .addStreamTracerFactory(CallTracer.factory(calls.observer(), calls.rejections()))
        .intercept(new AuthInterceptor(calls.authorizer(), calls.activeCalls(), deliveryLoops));
  }

  /**
   * Returns the first version of reflection, v1alpha, which older versions of grpcurl and other
   * tools need. It is deprecated because v1 replaces it.
   */
  @SuppressWarnings("deprecation")
  private static BindableService olderReflection() {
    return ProtoReflectionService.newInstance();
  }

  /**
   * Starts to listen, and sets the health of the service to SERVING.
   *
   * @throws IOException if the server cannot listen on the address. The message is one line if it
   *     is a Unix socket
   */
  public void start() throws IOException {
    if (unixSocket.isPresent()) {
      start(unixSocket.get());
    } else {
      server.start();
    }
    health.setStatus(HealthService.SERVICE, ServingStatus.SERVING);
  }

  private void start(UnixSocket socket) throws IOException {
    socket.prepare();
    try {
      server.start();
    } catch (IOException e) {
      socket.remove();
      throw socket.bindFailure(e);
    }
    socket.publish();
  }

  /**
   * Sets the health of the connection to the fleet. It does not affect the health of the server. It
   * is unknown until the first call.
   */
  public void setFleetHealth(boolean isConnected) {
    health.setStatus(
        HealthService.FLEET, isConnected ? ServingStatus.SERVING : ServingStatus.NOT_SERVING);
  }

  /** Returns the port that the server listens on; -1 if it listens on a Unix socket. */
  public int port() {
    return server.getPort();
  }

  /** Rejects new calls and sets the health to NOT_SERVING. Running calls continue. Called once. */
  public void refuseNewCalls() {
    health.enterTerminalState();
    unixSocket.ifPresent(UnixSocket::remove);
    server.shutdown();
  }

  /** Stops the server. Calls that do not end within a second are cancelled. */
  @Override
  public void close() {
    unixSocket.ifPresent(UnixSocket::remove);
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
