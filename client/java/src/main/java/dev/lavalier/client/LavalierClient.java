package dev.lavalier.client;

import dev.lavalier.v1.AdminGrpc;
import dev.lavalier.v1.AudioCaptureGrpc;
import dev.lavalier.v1.ListDevicesRequest;
import dev.lavalier.v1.ListSubscriptionsRequest;
import io.grpc.Channel;
import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyChannelBuilder;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/**
 * A connection to a Lavalier server. Made at once, connected at the first call. Safe for use from
 * any thread; {@link #close} ends the streams that it opened.
 */
public final class LavalierClient implements AutoCloseable {

  private static final long UNARY_TIMEOUT_SECONDS = 10;
  private static final long KEEPALIVE_INTERVAL_SECONDS = 10;
  private static final long KEEPALIVE_TIMEOUT_SECONDS = 5;

  /** A second of 64 channels at 384 kHz, in four bytes, and its frame around it. */
  private static final int MAX_MESSAGE_BYTES = 384_000 * 64 * 4 + 1_024;

  /**
   * How much of a stream may be under way: the transport lets half of it by for each round trip, so
   * that one of 200 ms is enough. More would only grow old in the buffers between us.
   */
  private static final double WINDOW_SECONDS = 0.4;

  private static final int MIN_WINDOW_BYTES = 16 << 10;

  private final Endpoint server;
  private final Channel channel; // for the short calls
  private final TimeSource timeSource;
  private final ManagedChannel
      ownedChannel; // the channel, where it is ours to shut down; else null
  private final Set<FrameStream> streams = ConcurrentHashMap.newKeySet();
  private volatile boolean closed;

  private LavalierClient(
      Endpoint server, Channel channel, TimeSource timeSource, ManagedChannel ownedChannel) {
    this.server = server;
    this.channel = channel;
    this.timeSource = timeSource;
    this.ownedChannel = ownedChannel;
  }

  /**
   * Makes a client of a server, without encryption.
   *
   * @param server {@code HOST:PORT}; an IPv6 address in brackets
   * @throws IllegalArgumentException where it is not of that form
   */
  public static LavalierClient connect(String server) {
    return connect(ConnectOptions.to(server));
  }

  /**
   * Makes a client of a server, with what makes them sure of each other. Files are read now, and
   * again for the connection of each stream and each time it is made anew: certificates may be
   * exchanged meanwhile.
   *
   * @throws IllegalArgumentException where a file is not what it should be, or a token would go to
   *     another machine without encryption; with one line that names the value
   */
  public static LavalierClient connect(ConnectOptions options) {
    return connect(options, System::nanoTime);
  }

  /** With a clock of the caller's, for tests. */
  static LavalierClient connect(ConnectOptions options, LongSupplier nanoTime) {
    Endpoint server = new Endpoint(options);
    ManagedChannel channel = newChannelBuilder(server).build();
    return new LavalierClient(server, channel, TimeSource.withNanoTime(nanoTime), channel);
  }

  private static NettyChannelBuilder newChannelBuilder(Endpoint server) {
    return server
        .channelBuilder()
        .maxInboundMessageSize(MAX_MESSAGE_BYTES)
        // A server that vanished without a word is noticed within 15 s.
        .keepAliveTime(KEEPALIVE_INTERVAL_SECONDS, TimeUnit.SECONDS)
        .keepAliveTimeout(KEEPALIVE_TIMEOUT_SECONDS, TimeUnit.SECONDS);
  }

  /**
   * Makes a client on a channel of the caller's, which stays the caller's to shut down. Its window
   * is the caller's choice too: what it holds of a stream that is not read grows old in it, and is
   * dropped by the reader.
   */
  public static LavalierClient over(Channel channel) {
    return over(channel, TimeSource.system());
  }

  /** With time and chance of the caller's, for tests. */
  static LavalierClient over(Channel channel, TimeSource timeSource) {
    Endpoint server = new Endpoint(String.valueOf(channel.authority()));
    return new LavalierClient(server, channel, timeSource, null);
  }

  /**
   * Lists the server's devices; none is opened by it. Waits 10 s at most.
   *
   * @throws LavalierException where the server does not answer
   */
  public List<Device> listDevices() throws LavalierException {
    try {
      List<Device> devices = new ArrayList<>();
      for (var device :
          AudioCaptureGrpc.newBlockingStub(channel)
              .withDeadlineAfter(UNARY_TIMEOUT_SECONDS, TimeUnit.SECONDS)
              .listDevices(ListDevicesRequest.getDefaultInstance())
              .getDevicesList()) {
        devices.add(ProtoMapper.device(device));
      }
      return List.copyOf(devices);
    } catch (StatusRuntimeException e) {
      throw server.exception(e.getStatus());
    }
  }

  /**
   * Lists who listens at this moment, the oldest subscription first. For operators: a server that
   * asks who calls wants the grant for it. Waits 10 s at most.
   *
   * @param deviceId of this device alone; empty: of all
   * @throws LavalierException where the server does not answer, or does not allow it
   */
  public List<Subscription> listSubscriptions(String deviceId) throws LavalierException {
    try {
      List<Subscription> subscriptions = new ArrayList<>();
      for (var subscription :
          AdminGrpc.newBlockingStub(channel)
              .withDeadlineAfter(UNARY_TIMEOUT_SECONDS, TimeUnit.SECONDS)
              .listSubscriptions(
                  ListSubscriptionsRequest.newBuilder().setDeviceId(deviceId).build())
              .getSubscriptionsList()) {
        subscriptions.add(ProtoMapper.subscription(subscription));
      }
      return List.copyOf(subscriptions);
    } catch (StatusRuntimeException e) {
      throw server.exception(e.getStatus());
    }
  }

  /** Watches the server's devices. The caller closes it. Does not wait. */
  public DeviceWatch watchDevices() {
    return new DeviceWatch(channel, server);
  }

  /**
   * Subscribes, by a connection of its own, and waits until the device is open. No more than 0.4 s
   * of audio is ever on its way, and no stream holds up another.
   *
   * @return the stream; the caller closes it, which ends the subscription
   * @throws LavalierException where the server is not there or refuses
   */
  public FrameStream stream(StreamOptions options) throws LavalierException {
    Supplier<Connection> connector =
        ownedChannel == null
            ? () -> new Connection(channel, () -> {})
            : connector(windowBytes(options));
    FrameStream stream = FrameStream.open(connector, server, options, timeSource, streams::remove);
    streams.add(stream);
    if (closed) { // meanwhile
      stream.close();
    }
    return stream;
  }

  /** Each attempt by a channel of its own: one that failed would wait by a clock of its own. */
  private Supplier<Connection> connector(int windowBytes) {
    return () -> {
      ManagedChannel streamChannel =
          newChannelBuilder(server).flowControlWindow(windowBytes).build();
      return new Connection(streamChannel, streamChannel::shutdownNow);
    };
  }

  /** Returns a window for a stream; for one of a device that is not there, the smallest. */
  private int windowBytes(StreamOptions options) throws LavalierException {
    PcmFormat requested = options.format().orElse(new PcmFormat(SampleEncoding.S16LE, 0, 0));
    if (requested.sampleRateHz() > 0 && requested.channelCount() > 0) {
      return windowBytes(requested);
    }
    String deviceId = options.deviceId();
    for (Device device : listDevices()) {
      if (deviceId.isEmpty() ? device.isDefault() : device.deviceId().equals(deviceId)) {
        PcmFormat captured = device.captureFormat();
        int channelCount =
            options.channelMap().isEmpty() ? captured.channelCount() : options.channelMap().size();
        return windowBytes(
            new PcmFormat(
                options.format().isPresent() ? requested.encoding() : captured.encoding(),
                requested.sampleRateHz() > 0 ? requested.sampleRateHz() : captured.sampleRateHz(),
                requested.channelCount() > 0 ? requested.channelCount() : channelCount));
      }
    }
    return MIN_WINDOW_BYTES;
  }

  private static int windowBytes(PcmFormat format) {
    double bytesPerSecond = (double) format.sampleRateHz() * format.bytesPerSampleFrame();
    return (int) Math.max(MIN_WINDOW_BYTES, WINDOW_SECONDS * bytesPerSecond);
  }

  /** Ends every stream of this client, and its connections. */
  @Override
  public void close() {
    closed = true;
    streams.forEach(FrameStream::close);
    if (ownedChannel != null) {
      ownedChannel.shutdownNow();
    }
  }
}
