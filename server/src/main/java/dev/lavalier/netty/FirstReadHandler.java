package dev.lavalier.netty;

import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.netty.handler.ssl.SslHandler;

/**
 * Waits for the first bytes of an HTTP/2 connection. It is clear then whether there is TLS, so it
 * adds a {@link ConnectionCloseMonitor} behind TLS, and removes itself. If the connection is closed
 * before that, it says so. Used on one connection's event loop only.
 */
final class FirstReadHandler extends ChannelDuplexHandler {

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

  /** The transport calls it; a peer that leaves is no reason to call it. */
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
