package dev.lavalier.netty;

import dev.lavalier.access.RejectionLog;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ServerChannel;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslHandler;
import java.io.IOException;
import java.net.SocketAddress;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The parts that the listeners of a server share: event loops, TLS and the connection limit. Safe
 * for use from any thread. Close the listeners before you call {@link #close}.
 *
 * @param <T> the attachment of an event loop, see {@link EventLoops}
 */
public final class NettyTransport<T> implements AutoCloseable {

  private final TransportLimits limits;
  private final Optional<ServerTls> tls;
  private final RejectionLog rejections;
  private final ConnectionLimit connections;
  private final EventLoops<T> loops;
  private final boolean directFrames;
  private final LongAdder directMessages = new LongAdder();

  /**
   * Creates a transport without listeners.
   *
   * @param limits the limits of a peer
   * @param tls the TLS of the server; empty: no encryption
   * @param rejections the log of failed TLS handshakes and of connections beyond the limit
   * @param directFrames whether protocols can send with {@link DirectStream} or {@link
   *     DirectSocket}
   * @param attachment creates the attachment of an event loop, from the executor that runs tasks on
   *     it
   */
  public NettyTransport(
      TransportLimits limits,
      Optional<ServerTls> tls,
      RejectionLog rejections,
      boolean directFrames,
      Function<? super Executor, ? extends T> attachment) {
    this.limits = limits;
    this.tls = tls;
    this.rejections = rejections;
    this.directFrames = directFrames;
    this.connections = new ConnectionLimit(limits.maxConnections(), rejections);
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

  /** Returns the number of messages that were sent directly. */
  public long directMessages() {
    return directMessages.sum();
  }

  /**
   * Returns the socket of a connection of this transport, for direct sending. Call it on the event
   * loop of the connection, when its pipeline has TLS if it needs it.
   *
   * @return null: direct sending is off or not possible
   */
  public @Nullable DirectSocket directSocket(ChannelHandlerContext writer) {
    return directFrames ? DirectSocket.of(writer, directMessages) : null;
  }

  /** Returns a new listening socket. The caller binds it, and adds TLS to its connections. */
  public ServerChannel newListener() {
    return loops.newListener(
        connections.acceptor(connection -> connection.pipeline().addFirst(first())));
  }

  /**
   * Returns a new listening Unix socket, whose connections have no TLS. The caller binds it.
   * Requires {@link UnixSocket#isSupported}.
   */
  public ServerChannel newUnixListener() {
    return loops.newUnixListener(
        connections.acceptor(
            connection -> connection.pipeline().addFirst(firstWithoutTls(new ConnectionReads()))));
  }

  /**
   * Starts to listen for connections of any protocol. Blocks until the port is bound.
   *
   * @param address the address to listen on; port 0 selects a free port
   * @param applicationProtocol the name of the protocol in ALPN, for TLS
   * @param initializer adds the handlers of the protocol to a new connection, after TLS. It also
   *     enforces {@link TransportLimits#handshakeTimeout} and {@link
   *     TransportLimits#maxMessageBytes}
   * @return the listening socket; close it before this transport
   * @throws IOException if the server cannot listen on the address
   */
  public Channel listen(
      SocketAddress address, String applicationProtocol, Consumer<Channel> initializer)
      throws IOException {
    Optional<SslContext> context = tls.map(each -> each.context(applicationProtocol));
    ServerBootstrap bootstrap =
        new ServerBootstrap()
            .group(loops.group())
            .channelFactory(this::newListener)
            .childHandler(
                new ChannelInitializer<>() {
                  @Override
                  protected void initChannel(Channel connection) {
                    context.ifPresent(
                        each -> connection.pipeline().addLast(handler(each, connection)));
                    initializer.accept(connection);
                  }
                });
    loops.configure(bootstrap::childOption, limits.userTimeout());
    ChannelFuture bound = bootstrap.bind(address).awaitUninterruptibly();
    if (!bound.isSuccess()) {
      throw new IOException(bound.cause().getMessage(), bound.cause());
    }
    return bound.channel();
  }

  /** Returns the handlers closest to the socket, for a connection that can have TLS. */
  private ChannelHandler[] first() {
    ConnectionReads reads = new ConnectionReads();
    if (tls.isEmpty()) {
      return firstWithoutTls(reads);
    }
    ChannelHandler records = new FairReadHandler(loops::readScheduler, reads, Integer.MAX_VALUE);
    return new ChannelHandler[] {
      records, new TlsHandshakeLogger(rejections, firstWithoutTls(reads))
    };
  }

  private ChannelHandler[] firstWithoutTls(ConnectionReads reads) {
    DirectConnection connection = new DirectConnection(directMessages);
    ChannelHandler writes = new WriteConsolidationHandler(connection);
    ChannelHandler requests =
        new FairReadHandler(loops::readScheduler, reads, FairReadHandler.REQUEST_BYTES);
    return directFrames
        ? new ChannelHandler[] {writes, requests, connection}
        : new ChannelHandler[] {writes, requests};
  }

  private SslHandler handler(SslContext context, Channel connection) {
    SslHandler handler = context.newHandler(connection.alloc());
    handler.setHandshakeTimeout(limits.handshakeTimeout().toMillis(), TimeUnit.MILLISECONDS);
    return handler;
  }

  @Override
  public void close() {
    loops.close();
  }
}
