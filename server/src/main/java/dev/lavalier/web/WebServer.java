package dev.lavalier.web;

import dev.lavalier.hub.DeliveryLoop;
import dev.lavalier.netty.NettyTransport;
import dev.lavalier.service.AudioCaptureCalls;
import dev.lavalier.service.CallServices;
import io.netty.channel.Channel;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.handler.codec.http.HttpDecoderConfig;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.ssl.ApplicationProtocolNames;
import io.netty.util.concurrent.ImmediateEventExecutor;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.Collection;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The listener of the web port. It serves the page, each method of {@link WebMethods} as a
 * WebSocket at {@code /lavalier.v1.AudioCapture/METHOD}, and each device as a stream of audio at
 * {@code /devices/ID.wav}, {@code .flac}, {@code .opus} and {@code .ogg}, on the event loops of its
 * transport.
 *
 * <p>{@link #start} is called before {@link #refuseNewCalls} and {@link #close}, which are called
 * once each, from any thread. {@link #close} blocks for at most two seconds.
 */
public final class WebServer implements AutoCloseable {

  /** The event that tells a connection that the server stops. */
  static final Object STOPPING = new Object();

  /** The maximum length of a request line in bytes. */
  static final int MAX_LINE_BYTES = 4_096;

  /** The time for the last messages to be sent. */
  private static final long STOP_TIMEOUT_MILLIS = 1_000;

  private final WebServices web;
  private final PageFiles files = new PageFiles();
  private final ChannelGroup connections = new DefaultChannelGroup(ImmediateEventExecutor.INSTANCE);
  private @Nullable Channel listener; // null: not started

  /**
   * Creates a server that does not listen yet.
   *
   * @param captureCalls the calls of AudioCapture
   * @param origins the origins of web sites whose pages can call this server, in addition to its
   *     own page; see {@link #normalizedOrigin}
   * @param transport the event loops, TLS and limits; {@link #close} does not close it
   * @param calls what all calls share
   */
  public WebServer(
      AudioCaptureCalls captureCalls,
      Collection<String> origins,
      NettyTransport<DeliveryLoop> transport,
      CallServices calls) {
    this.web =
        new WebServices(captureCalls, calls, transport, new RequestGuard(origins, transport.tls()));
  }

  /**
   * Returns an origin as browsers send it: in lower case, without the default port; empty: it is
   * not {@code https://HOST} or {@code http://HOST}, with or without a port.
   */
  public static Optional<String> normalizedOrigin(String origin) {
    return RequestGuard.normalizedOrigin(origin);
  }

  /**
   * Starts to listen. Blocks until the port is bound. If it fails, it can be called again.
   *
   * @param address the address to listen on; port 0 selects a free port
   * @throws IOException if the server cannot listen on the address
   */
  public void start(InetSocketAddress address) throws IOException {
    listener = web.transport().listen(address, ApplicationProtocolNames.HTTP_1_1, this::initialize);
  }

  private void initialize(Channel connection) {
    connections.add(connection);
    HttpDecoderConfig config =
        new HttpDecoderConfig()
            .setMaxInitialLineLength(MAX_LINE_BYTES)
            .setMaxHeaderSize(web.transport().limits().maxMetadataBytes());
    connection.pipeline().addLast(new HttpServerCodec(config), new HttpConnection(web, files));
  }

  /** Returns the port that the server listens on. Call it after {@link #start}. */
  public int port() {
    return ((InetSocketAddress) listener.localAddress()).getPort();
  }

  /** Stops to listen. Connections and calls continue. */
  public void refuseNewCalls() {
    if (listener != null) {
      listener.close().awaitUninterruptibly(STOP_TIMEOUT_MILLIS, TimeUnit.MILLISECONDS);
    }
  }

  /** Ends all calls, and closes all connections, after a second at most. */
  @Override
  public void close() {
    refuseNewCalls();
    connections.forEach(each -> each.pipeline().fireUserEventTriggered(STOPPING));
    connections.newCloseFuture().awaitUninterruptibly(STOP_TIMEOUT_MILLIS, TimeUnit.MILLISECONDS);
    connections.close().awaitUninterruptibly(STOP_TIMEOUT_MILLIS, TimeUnit.MILLISECONDS);
  }
}
