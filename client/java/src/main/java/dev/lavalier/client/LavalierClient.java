package dev.lavalier.client;

import dev.lavalier.v1.AdminGrpc;
import dev.lavalier.v1.AudioCaptureGrpc;
import dev.lavalier.v1.GetServerInfoRequest;
import dev.lavalier.v1.ListDevicesRequest;
import dev.lavalier.v1.ListSubscriptionsRequest;
import io.grpc.Channel;
import io.grpc.Deadline;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyChannelBuilder;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A client of a Lavalier server. It is created without waiting and connects at the first call. Safe
 * for use from any thread; {@link #close} ends its streams, watches and calls.
 *
 * <p>No call waits for ever: a server that does not answer is {@link
 * LavalierException.Kind#UNAVAILABLE}. After {@link #close}, each other method throws {@link
 * LavalierException.Kind#CLOSED} at once, as does a call that waits meanwhile. If the calling
 * thread is interrupted, the call throws {@link LavalierException.Kind#INTERRUPTED}, and the
 * interrupt stays set. A stream or a watch that is being read returns null if it or the client was
 * closed.
 */
public final class LavalierClient implements AutoCloseable {

  /** How long the server may take to answer if it opens no device. */
  private static final long UNARY_TIMEOUT_NANOS = 10_000_000_000L;

  private static final long KEEPALIVE_INTERVAL_SECONDS = 10;
  private static final long KEEPALIVE_TIMEOUT_SECONDS = 5;

  /** One second of 64 channels at 384 kHz in four bytes, and the other fields of the frame. */
  private static final int MAX_MESSAGE_BYTES = 384_000 * 64 * 4 + 1_024;

  private final Endpoint server;
  private final Channel channel; // for calls that are not streams of frames
  private final TimeSource timeSource;
  private final @Nullable ManagedChannel ownedChannel; // null: the caller shuts the channel down
  private final OpenStreams streams = new OpenStreams();
  private final Set<DeviceWatch> watches = ConcurrentHashMap.newKeySet();
  private final Set<LevelStream> levelStreams = ConcurrentHashMap.newKeySet();
  private volatile boolean closed;

  private LavalierClient(
      Endpoint server,
      Channel channel,
      TimeSource timeSource,
      @Nullable ManagedChannel ownedChannel) {
    this.server = server;
    this.channel = channel;
    this.timeSource = timeSource;
    this.ownedChannel = ownedChannel;
  }

  /**
   * Creates a client of a server, without encryption.
   *
   * @param server {@code HOST:PORT}; an IPv6 address in brackets, with the network interface if it
   *     is link-local: {@code [fe80::1%eth0]:50051}; or {@code unix:PATH} for a server's Unix
   *     socket
   * @throws IllegalArgumentException if {@code server} does not have that form
   */
  public static LavalierClient connect(String server) {
    return connect(ConnectOptions.builder(server).build());
  }

  /**
   * Creates a client of a server, with encryption and authentication as in {@code options}. The
   * files are read now and again for each connection of a stream, including reconnections, so that
   * replaced certificates are used.
   *
   * @throws IllegalArgumentException if a file is invalid, or if a token would be sent to another
   *     machine without encryption; the message is one line and names the value
   */
  public static LavalierClient connect(ConnectOptions options) {
    return connect(options, TimeSource.system());
  }

  /** Creates a client with an injected clock, for tests. */
  static LavalierClient connect(ConnectOptions options, LongSupplier nanoTime) {
    return connect(options, TimeSource.withNanoTime(nanoTime));
  }

  /** Creates a client with an injected time source, for tests. */
  static LavalierClient connect(ConnectOptions options, TimeSource timeSource) {
    Endpoint server = new Endpoint(Objects.requireNonNull(options, "options"));
    ManagedChannel channel = newChannelBuilder(server).build();
    return new LavalierClient(server, channel, timeSource, channel);
  }

  private static NettyChannelBuilder newChannelBuilder(Endpoint server) {
    return server
        .channelBuilder()
        .maxInboundMessageSize(MAX_MESSAGE_BYTES)
        // Detects a server that vanished without closing the connection within 15 s.
        .keepAliveTime(KEEPALIVE_INTERVAL_SECONDS, TimeUnit.SECONDS)
        .keepAliveTimeout(KEEPALIVE_TIMEOUT_SECONDS, TimeUnit.SECONDS);
  }

  /**
   * Creates a client on a channel that the caller owns and shuts down. The caller also chooses the
   * flow-control window: frames of a stream that is not read expire in it, and {@link
   * FrameStream#read} drops them.
   */
  public static LavalierClient over(Channel channel) {
    return over(channel, TimeSource.system());
  }

  /**
   * Creates a client on a channel to a server whose time is simulated, for tests. The client judges
   * by this time which frames have expired, and how long it has tried to reconnect. Its waits and
   * other timeouts are in real time.
   *
   * @param nanoTime returns the time in nanoseconds, as {@link System#nanoTime}; called by any
   *     thread
   * @see #over(Channel)
   */
  public static LavalierClient over(Channel channel, LongSupplier nanoTime) {
    return over(channel, TimeSource.withNanoTime(nanoTime));
  }

  /** Creates a client with an injected time source, for tests. */
  static LavalierClient over(Channel channel, TimeSource timeSource) {
    Objects.requireNonNull(channel, "channel");
    Endpoint server = new Endpoint(String.valueOf(channel.authority()));
    return new LavalierClient(server, channel, timeSource, null);
  }

  /**
   * Returns the server's devices, without opening any. Waits at most 10 s.
   *
   * @throws LavalierException if the server does not answer or rejects the call
   */
  public List<Device> listDevices() throws LavalierException {
    return listDevices(UNARY_TIMEOUT_NANOS);
  }

  private List<Device> listDevices(long timeoutNanos) throws LavalierException {
    return call(
        timeoutNanos,
        deadline -> {
          List<Device> devices = new ArrayList<>();
          for (var device :
              AudioCaptureGrpc.newBlockingStub(channel)
                  .withDeadline(deadline)
                  .listDevices(ListDevicesRequest.getDefaultInstance())
                  .getDevicesList()) {
            devices.add(ProtoMapper.device(device));
          }
          return List.copyOf(devices);
        });
  }

  /**
   * Returns the properties of the server and the time by its clocks, without opening a device.
   * Waits at most 10 s.
   *
   * @throws LavalierException if the server does not answer or rejects the call; {@link
   *     LavalierException.Kind#NOT_SUPPORTED} if it is an older server without this call
   */
  public ServerInfo serverInfo() throws LavalierException {
    return call(
        UNARY_TIMEOUT_NANOS,
        deadline ->
            ProtoMapper.serverInfo(
                AudioCaptureGrpc.newBlockingStub(channel)
                    .withDeadline(deadline)
                    .getServerInfo(GetServerInfoRequest.getDefaultInstance())));
  }

  /**
   * Returns the current subscriptions, the oldest first. For operators: if the server requires
   * authentication, the caller needs the admin grant. Waits at most 10 s.
   *
   * @param deviceId returns only the subscriptions of this device; empty: of all devices
   * @throws LavalierException if the server does not answer or does not allow the call
   */
  public List<Subscription> listSubscriptions(String deviceId) throws LavalierException {
    Objects.requireNonNull(deviceId, "deviceId");
    return call(
        UNARY_TIMEOUT_NANOS,
        deadline -> {
          List<Subscription> subscriptions = new ArrayList<>();
          for (var subscription :
              AdminGrpc.newBlockingStub(channel)
                  .withDeadline(deadline)
                  .listSubscriptions(
                      ListSubscriptionsRequest.newBuilder().setDeviceId(deviceId).build())
                  .getSubscriptionsList()) {
            subscriptions.add(ProtoMapper.subscription(subscription));
          }
          return List.copyOf(subscriptions);
        });
  }

  /** A call with one answer. */
  private interface UnaryCall<T> {
    T run(Deadline deadline) throws LavalierException;
  }

  private <T> T call(long timeoutNanos, UnaryCall<T> call) throws LavalierException {
    checkOpen();
    try {
      return call.run(Deadline.after(timeoutNanos, TimeUnit.NANOSECONDS));
    } catch (StatusRuntimeException e) {
      throw exception(e.getStatus(), timeoutNanos);
    }
  }

  private void checkOpen() throws LavalierException {
    if (closed) {
      throw Endpoint.closedClient();
    }
  }

  /** Returns the exception for the status of a call with a timeout of this client. */
  private LavalierException exception(Status status, long timeoutNanos) {
    if (Endpoint.isOwnDeadline(status)) {
      dropConnection();
      return server.exception(server.silence(timeoutNanos));
    }
    return status.getCode() == Status.Code.CANCELLED && Thread.currentThread().isInterrupted()
        ? Endpoint.interrupted()
        : server.exception(status);
  }

  /**
   * Lets the next call use another connection. A connection whose peer never answered would
   * otherwise be used again. Calls that run on an established connection continue.
   */
  private void dropConnection() {
    if (ownedChannel != null) {
      ownedChannel.enterIdle();
    }
  }

  /**
   * Returns a watch of the server's devices, which the caller closes. It does not reconnect. Does
   * not wait.
   *
   * @throws LavalierException if this client is closed
   */
  public DeviceWatch watchDevices() throws LavalierException {
    return watchDevices(Duration.ZERO);
  }

  /**
   * Returns a watch of the server's devices, which the caller closes. Does not wait.
   *
   * @param reconnect how long to try to reconnect after each loss of the connection; zero: not at
   *     all, {@code ChronoUnit.FOREVER.getDuration()}: without a limit
   * @throws IllegalArgumentException if {@code reconnect} is negative
   * @throws LavalierException if this client is closed
   */
  public DeviceWatch watchDevices(Duration reconnect) throws LavalierException {
    Objects.requireNonNull(reconnect, "reconnect");
    if (reconnect.isNegative()) {
      throw new IllegalArgumentException(
          "reconnect: %s (expected: zero or more)".formatted(reconnect));
    }
    checkOpen();
    DeviceWatch watch =
        new DeviceWatch(
            channel, server, timeSource, reconnect, this::dropConnection, watches::remove);
    watches.add(watch);
    if (closed) { // by another thread since
      watch.close();
    }
    return watch;
  }

  /**
   * Subscribes and waits until the device is open, at most {@link StreamOptions#openTimeout}. If
   * the options do not name a rate and a channel count, the client asks for the devices first. A
   * client that owns its channel uses a connection per stream: at most 0.4 s of audio, or 16 KiB if
   * that is more, is in transit, and no stream delays another.
   *
   * @return the stream; the caller closes it, which ends the subscription
   * @throws LavalierException if the server is unreachable or rejects the request
   */
  public FrameStream stream(StreamOptions options) throws LavalierException {
    Objects.requireNonNull(options, "options");
    checkOpen();
    long start = timeSource.nanoTime().getAsLong();
    long timeoutNanos = options.openTimeout().toNanos();
    Supplier<Connection> connector =
        ownedChannel == null
            ? () -> new Connection(channel, () -> {})
            : connector(windowBytes(options));
    long elapsedNanos = timeSource.nanoTime().getAsLong() - start;
    return FrameStream.open(
        connector, server, options, timeSource, Math.max(1, timeoutNanos - elapsedNanos), streams);
  }

  /**
   * Sets the listener for the connections of this client's streams, also while nobody reads them.
   * Set it before the streams are opened: it gets only later changes.
   */
  public void onConnectionState(ConnectionListener listener) {
    streams.onConnectionState(Objects.requireNonNull(listener, "listener"));
  }

  /**
   * Subscribes to the levels of a device, without its audio, and waits until the device is open, at
   * most {@link LevelOptions#openTimeout}. Uses the connection of the calls that are not streams of
   * frames.
   *
   * @return the stream; the caller closes it, which ends the subscription
   * @throws LavalierException if the server is unreachable or rejects the request; {@link
   *     LavalierException.Kind#NOT_SUPPORTED} if it is an older server without this call
   */
  public LevelStream streamLevels(LevelOptions options) throws LavalierException {
    Objects.requireNonNull(options, "options");
    checkOpen();
    LevelStream stream =
        new LevelStream(
            channel,
            server,
            options,
            timeSource,
            options.openTimeout().toNanos(),
            this::dropConnection,
            levelStreams::remove);
    levelStreams.add(stream);
    try {
      if (closed) { // by another thread since
        throw Endpoint.closedClient();
      }
      stream.open();
      return stream;
    } catch (LavalierException | RuntimeException e) {
      stream.close();
      throw e;
    }
  }

  /**
   * Returns a connector that creates a channel per attempt, because a failed channel would apply a
   * backoff of its own.
   */
  private Supplier<Connection> connector(int windowBytes) {
    return () -> {
      ManagedChannel streamChannel =
          newChannelBuilder(server).flowControlWindow(windowBytes).build();
      return new Connection(streamChannel, streamChannel::shutdownNow);
    };
  }

  private int windowBytes(StreamOptions options) throws LavalierException {
    OptionalInt known = FlowWindow.bytes(options);
    return known.isPresent()
        ? known.getAsInt()
        : FlowWindow.bytes(
            options, listDevices(Math.min(UNARY_TIMEOUT_NANOS, options.openTimeout().toNanos())));
  }

  /**
   * Ends every stream, watch and call of this client, and its connections. Does not shut down a
   * channel of the caller, nor end calls that wait for an answer on it.
   */
  @Override
  public void close() {
    closed = true;
    server.markClosed();
    streams.close();
    watches.forEach(DeviceWatch::close);
    levelStreams.forEach(LevelStream::close);
    if (ownedChannel != null) {
      ownedChannel.shutdownNow();
    }
  }
}
