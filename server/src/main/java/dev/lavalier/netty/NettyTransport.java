package dev.lavalier.netty;

import dev.lavalier.access.RejectionLog;
import dev.lavalier.common.TimeSource;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ServerChannel;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.function.Function;

/**
 * What the listeners of a server share: its event loops, its TLS, the limit of connections, and the
 * log of what peers do wrong. Safe for use from any thread; {@link #close} comes after the
 * listeners' own.
 *
 * @param <T> what belongs to an event loop, see {@link EventLoops}
 */
public final class NettyTransport<T> implements AutoCloseable {

  private final TransportLimits limits;
  private final Optional<ServerTls> tls;
  private final RejectionLog rejections;
  private final PeerEventLog peerEvents;
  private final ConnectionLimit connections;
  private final EventLoops<T> loops;

  /**
   * Makes one without listeners.
   *
   * @param limits what a peer may take
   * @param tls the server's certificate; empty: no encryption
   * @param rejections where TLS handshakes that fail are logged
   * @param timeSource by which log lines are held together
   * @param attachment makes the object of an event loop, which is given as an executor
   */
  public NettyTransport(
      TransportLimits limits,
      Optional<ServerTls> tls,
      RejectionLog rejections,
      TimeSource timeSource,
      Function<? super Executor, ? extends T> attachment) {
    this.limits = limits;
    this.tls = tls;
    this.rejections = rejections;
    this.peerEvents = new PeerEventLog(timeSource);
    this.connections = new ConnectionLimit(limits.maxConnections(), peerEvents);
    this.loops = new EventLoops<>(Runtime.getRuntime().availableProcessors(), attachment);
  }

  /** Returns what a peer may take. */
  public TransportLimits limits() {
    return limits;
  }

  /** Returns the server's TLS; empty: no encryption. */
  public Optional<ServerTls> tls() {
    return tls;
  }

  /** Returns the event loops. */
  public EventLoops<T> loops() {
    return loops;
  }

  /** Returns the log of peers whose connections or calls are ended. */
  public PeerEventLog peerEvents() {
    return peerEvents;
  }

  /** Returns a socket to listen with for HTTP/2. */
  public ServerChannel newHttp2Listener() {
    return loops.newListener(connections.acceptor(this::prepareHttp2));
  }

  private void prepareHttp2(Channel connection) {
    // Closest to the socket. Under TLS there is nothing to merge: a flush is one record already.
    ChannelHandler first =
        tls.isPresent() ? new TlsHandshakeLogger(rejections) : new WriteConsolidationHandler();
    connection.pipeline().addFirst(first, new FirstReadHandler(peerEvents));
  }

  @Override
  public void close() {
    loops.close();
  }
}
