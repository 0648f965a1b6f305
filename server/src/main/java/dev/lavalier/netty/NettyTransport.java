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
 * The parts that the listeners of a server share: event loops, TLS, the connection limit, and the
 * log of peers that break limits or rules. Safe for use from any thread. Close the listeners before
 * you call {@link #close}.
 *
 * @param <T> the attachment of an event loop, see {@link EventLoops}
 */
public final class NettyTransport<T> implements AutoCloseable {

  private final TransportLimits limits;
  private final Optional<ServerTls> tls;
  private final RejectionLog rejections;
  private final PeerEventLog peerEvents;
  private final ConnectionLimit connections;
  private final EventLoops<T> loops;

  /**
   * Creates a transport without listeners.
   *
   * @param limits the limits of a peer
   * @param tls the TLS of the server; empty: no encryption
   * @param rejections the log of failed TLS handshakes
   * @param timeSource the clock of rate-limited logs
   * @param attachment creates the attachment of an event loop, from the executor that runs tasks on
   *     it
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

  /** Returns the limits of a peer. */
  public TransportLimits limits() {
    return limits;
  }

  /** Returns the TLS of the server; empty: no encryption. */
  public Optional<ServerTls> tls() {
    return tls;
  }

  /** Returns the event loops. */
  public EventLoops<T> loops() {
    return loops;
  }

  /** Returns the log of peers whose connections or calls the server ends. */
  public PeerEventLog peerEvents() {
    return peerEvents;
  }

  /** Returns a new listening socket for HTTP/2. */
  public ServerChannel newHttp2Listener() {
    return loops.newListener(connections.acceptor(this::prepareHttp2));
  }

  private void prepareHttp2(Channel connection) {
    // Closest to the socket. With TLS there is nothing to merge, because a flush is one record.
    ChannelHandler first =
        tls.isPresent() ? new TlsHandshakeLogger(rejections) : new WriteConsolidationHandler();
    connection.pipeline().addFirst(first, new FirstReadHandler(peerEvents));
  }

  @Override
  public void close() {
    loops.close();
  }
}
