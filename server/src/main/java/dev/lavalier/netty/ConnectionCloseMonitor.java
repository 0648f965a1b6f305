package dev.lavalier.netty;

import dev.lavalier.common.LogText;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import java.io.IOException;
import java.nio.charset.StandardCharsets;

/**
 * Finds out why the server ends a connection, from what gRPC writes: gRPC tells the reason to the
 * peer only. It sees plain HTTP/2, in whole frames. Used on one connection's event loop only.
 */
final class ConnectionCloseMonitor extends ChannelDuplexHandler {

  private static final int HEADER_BYTES = 9;
  private static final int SETTINGS = 4;
  private static final int GOAWAY = 7;
  private static final int ACK = 1;
  private static final long INTERNAL_ERROR = 2; // the socket's trouble: the peer closed it, say

  private final PeerEventLog log;
  private int payloadLeft; // of the frame that is being written
  private boolean handshakeDone; // the peer's preface and settings came
  private long goAwayError; // of our GOAWAY; 0: none
  private boolean hasDebugData; // it has words; its error may be none: the peer did nothing wrong
  private boolean awaitingDebugData; // the GOAWAY's words come with the next write
  private String debugData = "";
  private boolean reported; // told, or nothing to tell

  ConnectionCloseMonitor(PeerEventLog log) {
    this.log = log;
  }

  @Override
  public void write(ChannelHandlerContext context, Object message, ChannelPromise promise) {
    if (message instanceof ByteBuf bytes) {
      inspect(bytes);
    }
    var unused = context.write(message, promise);
  }

  /** Headers are never split; a payload may come with its header or after it. */
  private void inspect(ByteBuf bytes) {
    int at = bytes.readerIndex();
    int end = bytes.writerIndex();
    if (awaitingDebugData && at < end) {
      awaitingDebugData = false;
      debugData = debugData(bytes, at, end);
    }
    while (at < end) {
      if (payloadLeft > 0) {
        int skipped = Math.min(payloadLeft, end - at);
        payloadLeft -= skipped;
        at += skipped;
      } else if (end - at < HEADER_BYTES) {
        return; // not of HTTP/2
      } else {
        payloadLeft = bytes.getUnsignedMedium(at);
        int type = bytes.getByte(at + 3);
        if (type == SETTINGS && (bytes.getByte(at + 4) & ACK) != 0) {
          handshakeDone = true;
        } else if (type == GOAWAY && end - at >= HEADER_BYTES + 8) {
          goAwayError = bytes.getUnsignedInt(at + HEADER_BYTES + 4);
          hasDebugData = payloadLeft > 8;
          awaitingDebugData = hasDebugData && end - at == HEADER_BYTES + 8;
          if (hasDebugData && !awaitingDebugData) {
            debugData = debugData(bytes, at + HEADER_BYTES + 8, end);
          }
        }
        at += HEADER_BYTES;
      }
    }
  }

  /** They may quote the peer. */
  private static String debugData(ByteBuf bytes, int from, int to) {
    int length = Math.min(LogText.MAX_LENGTH, to - from);
    return LogText.sanitize(bytes.toString(from, length, StandardCharsets.US_ASCII));
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext context, Object event) {
    // TlsHandshakeLogger says why.
    reported |= event instanceof SslHandshakeCompletionEvent tls && !tls.isSuccess();
    context.fireUserEventTriggered(event);
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable e) {
    reported |= e instanceof IOException; // the peer reset the connection: its own affair
    context.fireExceptionCaught(e);
  }

  /** By gRPC: a peer that leaves is no reason to call this. */
  @Override
  public void close(ChannelHandlerContext context, ChannelPromise promise) {
    if (goAwayError == INTERNAL_ERROR) {
      reported = true;
    } else if (goAwayError != 0) {
      report(context, PeerEventLog.Cause.PROTOCOL_VIOLATION, debugData);
    } else if (!handshakeDone) {
      report(
          context, PeerEventLog.Cause.HANDSHAKE_TIMEOUT, "it said something else, or too little");
    } else if (!hasDebugData) {
      report(context, PeerEventLog.Cause.KEEPALIVE_TIMEOUT, "");
    }
    var unused = context.close(promise);
  }

  private void report(ChannelHandlerContext context, PeerEventLog.Cause cause, String detail) {
    if (!reported) {
      reported = true;
      log.log(cause, context.channel().remoteAddress(), detail);
    }
  }
}
