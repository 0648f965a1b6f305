package dev.lavalier.netty;

import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.netty.handler.ssl.SslHandler;

/**
 * Waits for the first bytes of an HTTP/2 connection. At that point the pipeline contains the TLS
 * handler, if there is one, so this handler adds a {@link ConnectionCloseMonitor} after it and
 * removes itself. If the server closes the connection before that, the handler logs it. Used only
 * on the event loop of one connection.
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

  /** Called if the transport closes the connection, but not if the peer closes it. */
  @Override
  public void close(ChannelHandlerContext context, ChannelPromise promise) {
    if (!receivedData) {
      log.log(
          PeerEventLog.Cause.HANDSHAKE_TIMEOUT,
          context.channel().remoteAddress(),
          "the peer sent nothing");
    }
    var unused = context.close(promise);
  }
}
