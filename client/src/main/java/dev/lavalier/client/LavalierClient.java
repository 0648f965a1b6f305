package dev.lavalier.client;

import dev.lavalier.v1.AudioCaptureGrpc;
import dev.lavalier.v1.ListDevicesRequest;
import io.grpc.Channel;
import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyChannelBuilder;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

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

  private final String server;
  private final Channel channel;
  private final Runnable onClose;

  private LavalierClient(String server, Channel channel, Runnable onClose) {
    this.server = server;
    this.channel = channel;
    this.onClose = onClose;
  }

  /**
   * Makes a client of a server, without encryption.
   *
   * @param server {@code HOST:PORT}; an IPv6 address in brackets
   * @throws IllegalArgumentException where it is not of that form
   */
  public static LavalierClient connect(String server) {
    int colon = server.lastIndexOf(':');
    String host = server.substring(0, Math.max(0, colon));
    int port = port(server.substring(colon + 1));
    if (host.isEmpty() || port < 1 || (host.contains(":") && !host.startsWith("["))) {
      throw new IllegalArgumentException(
          "server: %s (expected: HOST:PORT, as 127.0.0.1:50051)".formatted(server));
    }
    ManagedChannel channel =
        NettyChannelBuilder.forTarget("dns:///" + server)
            .usePlaintext()
            .maxInboundMessageSize(MAX_MESSAGE_BYTES)
            // A server that vanished without a word is noticed within 15 s.
            .keepAliveTime(KEEPALIVE_SECONDS, TimeUnit.SECONDS)
            .keepAliveTimeout(KEEPALIVE_TIMEOUT_SECONDS, TimeUnit.SECONDS)
            .build();
    return new LavalierClient(server, channel, channel::shutdownNow);
  }

  private static int port(String text) {
    try {
      int port = Integer.parseInt(text);
      return port <= MAX_PORT ? port : 0;
    } catch (NumberFormatException e) {
      return 0;
    }
  }

  /** Makes a client on a channel of the caller's, which stays the caller's to shut down. */
  public static LavalierClient over(Channel channel) {
    return new LavalierClient(String.valueOf(channel.authority()), channel, () -> {});
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
   * Subscribes, and waits until the device is open.
   *
   * @return the stream; the caller closes it, which ends the subscription
   * @throws LavalierException where the server is not there or refuses
   */
  public FrameStream stream(StreamOptions options) throws LavalierException {
    return FrameStream.open(channel, server, options);
  }

  /** Ends every stream of this client and the connection. */
  @Override
  public void close() {
    onClose.run();
  }
}
