package dev.lavalier.netty;

import dev.lavalier.access.RejectionLog;
import io.netty.channel.ChannelConfig;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.io.IOException;
import java.util.concurrent.TimeUnit;

/**
 * Handles the failures of a listening socket to accept a connection, for example because too many
 * files are open. The listener accepts again after a second. That is what netty's own handler does,
 * but it also logs each failure, with a stack trace. Used only on the event loop of the listener.
 */
class AcceptFailureHandler extends ChannelInboundHandlerAdapter {

  private final RejectionLog log;

  AcceptFailureHandler(RejectionLog log) {
    this.log = log;
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
    if (!(cause instanceof IOException)) {
      context.fireExceptionCaught(cause); // a defect of the server
      return;
    }
    log.acceptFailed(cause);
    ChannelConfig listener = context.channel().config();
    if (listener.isAutoRead()) {
      listener.setAutoRead(false);
      Runnable resume = () -> listener.setAutoRead(true);
      var unused = context.executor().schedule(resume, 1, TimeUnit.SECONDS);
    }
  }
}
