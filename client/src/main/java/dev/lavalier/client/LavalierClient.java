package dev.lavalier.client;

import dev.lavalier.v1.AudioCaptureGrpc;
import dev.lavalier.v1.ListDevicesRequest;
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

  private static final int MAX_PORT = 65_535;
  private static final long UNARY_SECONDS = 10;
  private static final long KEEPALIVE_SECONDS = 10;
  private static final long KEEPALIVE_TIMEOUT_SECONDS = 5;

  /** A second of 64 channels at 384 kHz, in four bytes, and its frame around it. */
  private static final int MAX_MESSAGE_BYTES = 384_000 * 64 * 4 + 1_024;

  /**
   * How much of a stream may be under way: the transport lets half of it by for each round trip, so
   * that one of 200 ms is enough. More would only grow old in the buffers between us.
   */
  private static final double WINDOW_SECONDS = 0.4;

  private static final int MIN_WINDOW_BYTES = 16 << 10;

  private final String server;
  private final Channel channel; // for the short calls
  private final Timing timing;
  private final ManagedChannel own; // the channel, where it is ours to shut down; else null
  private final Set<FrameStream> streams = ConcurrentHashMap.newKeySet();
  private volatile boolean closed;

  private LavalierClient(String server, Channel channel, Timing timing, ManagedChannel own) {
    this.server = server;
    this.channel = channel;
    this.timing = timing;
    this.own = own;
  }

  /**
   * Makes a client of a server, without encryption.
   *
   * @param server {@code HOST:PORT}; an IPv6 address in brackets
   * @throws IllegalArgumentException where it is not of that form
   */
  public static LavalierClient connect(String server) {
    return connect(server, System::nanoTime);
  }

  /** With a clock of the caller's, for tests. */
  static LavalierClient connect(String server, LongSupplier nanoTime) {
    int colon = server.lastIndexOf(':');
    String host = server.substring(0, Math.max(0, colon));
    int port = port(server.substring(colon + 1));
    if (host.isEmpty() || port < 1 || (host.contains(":") && !host.startsWith("["))) {
      throw new IllegalArgumentException(
          "server: %s (expected: HOST:PORT, as 127.0.0.1:50051)".formatted(server));
    }
    ManagedChannel channel = connection(server).build();
    return new LavalierClient(server, channel, Timing.by(nanoTime), channel);
  }

  private static NettyChannelBuilder connection(String server) {
    return NettyChannelBuilder.forTarget("dns:///" + server)
        .usePlaintext()
        .maxInboundMessageSize(MAX_MESSAGE_BYTES)
        // A server that vanished without a word is noticed within 15 s.
        .keepAliveTime(KEEPALIVE_SECONDS, TimeUnit.SECONDS)
        .keepAliveTimeout(KEEPALIVE_TIMEOUT_SECONDS, TimeUnit.SECONDS);
  }

  private static int port(String text) {
    try {
      int port = Integer.parseInt(text);
      return port <= MAX_PORT ? port : 0;
    } catch (NumberFormatException e) {
      return 0;
    }
  }

  /**
   * Makes a client on a channel of the caller's, which stays the caller's to shut down. Its window
   * is the caller's choice too: what it holds of a stream that is not read grows old in it, and is
   * dropped by the reader.
   */
  public static LavalierClient over(Channel channel) {
    return over(channel, Timing.system());
  }

  /** With time and chance of the caller's, for tests. */
  static LavalierClient over(Channel channel, Timing timing) {
    return new LavalierClient(String.valueOf(channel.authority()), channel, timing, null);
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
              .withDeadlineAfter(UNARY_SECONDS, TimeUnit.SECONDS)
              .listDevices(ListDevicesRequest.getDefaultInstance())
              .getDevicesList()) {
        devices.add(Wire.device(device));
      }
      return List.copyOf(devices);
    } catch (StatusRuntimeException e) {
      throw Wire.exception(e.getStatus(), server);
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
        own == null
            ? () -> new Connection(channel, () -> {})
            : connector(connection(server).flowControlWindow(window(options)));
    FrameStream stream = FrameStream.open(connector, server, options, timing, streams::remove);
    streams.add(stream);
    if (closed) { // meanwhile
      stream.close();
    }
    return stream;
  }

  /** Each attempt by a channel of its own: one that failed would wait by a clock of its own. */
  private static Supplier<Connection> connector(NettyChannelBuilder builder) {
    return () -> {
      ManagedChannel connection = builder.build();
      return new Connection(connection, connection::shutdownNow);
    };
  }

  /** Returns a window for a stream; for one of a device that is not there, the smallest. */
  private int window(StreamOptions options) throws LavalierException {
    PcmFormat wanted = options.format().orElse(new PcmFormat(SampleEncoding.S16LE, 0, 0));
    if (wanted.sampleRateHz() > 0 && wanted.channelCount() > 0) {
      return window(wanted);
    }
    String deviceId = options.deviceId();
    for (Device device : listDevices()) {
      if (deviceId.isEmpty() ? device.isDefault() : device.deviceId().equals(deviceId)) {
        PcmFormat captured = device.captureFormat();
        int mapped =
            options.channelMap().isEmpty() ? captured.channelCount() : options.channelMap().size();
        return window(
            new PcmFormat(
                options.format().isPresent() ? wanted.encoding() : captured.encoding(),
                wanted.sampleRateHz() > 0 ? wanted.sampleRateHz() : captured.sampleRateHz(),
                wanted.channelCount() > 0 ? wanted.channelCount() : mapped));
      }
    }
    return MIN_WINDOW_BYTES;
  }

  private static int window(PcmFormat format) {
    double bytesPerSecond = (double) format.sampleRateHz() * format.bytesPerSample();
    return (int) Math.max(MIN_WINDOW_BYTES, WINDOW_SECONDS * bytesPerSecond);
  }

  /** Ends every stream of this client, and its connections. */
  @Override
  public void close() {
    closed = true;
    streams.forEach(FrameStream::close);
    if (own != null) {
      own.shutdownNow();
    }
  }
}
