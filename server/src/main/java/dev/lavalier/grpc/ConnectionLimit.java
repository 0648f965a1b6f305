package dev.lavalier.grpc;

import io.netty.channel.Channel;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandler.Sharable;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelPromise;
import io.netty.handler.ssl.SslHandler;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Lets connections in, as many as may be open at a time, and prepares each before gRPC gets it.
 * Sits in the listening socket's pipeline, on its event loop.
 */
@Sharable
final class ConnectionLimit extends ChannelInboundHandlerAdapter {

  private final int maxConnections;
  private final boolean tls;
  private final RejectionLog rejections;
  private final PeerEventLog log;
  private final AtomicInteger open = new AtomicInteger();

  ConnectionLimit(int maxConnections, boolean tls, RejectionLog rejections, PeerEventLog log) {
    this.maxConnections = maxConnections;
    this.tls = tls;
    this.rejections = rejections;
    this.log = log;
  }

  @Override
  public void channelRead(ChannelHandlerContext context, Object accepted) {
    Channel connection = (Channel) accepted;
    if (open.incrementAndGet() > maxConnections) {
      open.decrementAndGet();
      log.log(PeerEventLog.Cause.CONNECTION_LIMIT, connection.remoteAddress(), "");
      connection.unsafe().closeForcibly();
      return;
    }
    connection.closeFuture().addListener(closed -> open.decrementAndGet());
    // Closest to the socket. Under TLS there is nothing to merge: a flush is one record already.
    ChannelHandler first =
        tls ? new TlsHandshakeLogger(rejections) : new WriteConsolidationHandler();
    connection.pipeline().addFirst(first, new FirstReadHandler(log));
    context.fireChannelRead(accepted);
  }

  /**
   * Stands until the peer says its first word, by which time it is clear whether there is TLS, and
   * then posts the watch where HTTP/2 is plain to see.
   */
  private static final class FirstReadHandler extends ChannelDuplexHandler {

    private final PeerEventLog log;
    private boolean receivedData;

    FirstReadHandler(PeerEventLog log) {
      this.log = log;
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
      receivedData = true;
      ChannelHandlerContext tls = context.pipeline().context(SslHandler.class);
      String before = tls == null ? context.name() : tls.name();
      context.pipeline().addAfter(before, null, new ConnectionCloseMonitor(log));
      context.fireChannelRead(message);
      context.pipeline().remove(this);
    }

    /** By gRPC: a peer that leaves is no reason to call this. */
    @Override
    public void close(ChannelHandlerContext context, ChannelPromise promise) {
      if (!receivedData) {
        log.log(
            PeerEventLog.Cause.HANDSHAKE_TIMEOUT,
            context.channel().remoteAddress(),
            "it said nothing");
      }
      var unused = context.close(promise);
    }
  }
}
