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
 * Logs why the server closes a connection. It derives the reason from the frames that gRPC writes,
 * because gRPC reports it only to the peer. It sees unencrypted HTTP/2. Used only on the event loop
 * of one connection.
 */
final class ConnectionCloseMonitor extends ChannelDuplexHandler {

  private static final int HEADER_BYTES = 9;
  private static final int SETTINGS = 4;
  private static final int GOAWAY = 7;
  private static final int ACK = 1;
  private static final long INTERNAL_ERROR =
      2; // a socket error, for example the peer closed the connection

  private final PeerEventLog log;
  private int payloadLeft; // bytes left of the frame that is being written
  private boolean handshakeDone; // the preface and settings of the peer have arrived
  private long goAwayError; // the error of the server's GOAWAY; 0: none
  private boolean
      hasDebugData; // the GOAWAY has debug data; its error can be 0, if the peer did nothing wrong
  private boolean awaitingDebugData; // the debug data follows in the next write
  private String debugData = "";
  private boolean reported; // logged, or there is nothing to log

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

  /** Reads frames. A header is never split. A payload can follow its header in another buffer. */
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
        return; // not HTTP/2
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

  /** Returns the debug data, sanitized because it may quote the peer. */
  private static String debugData(ByteBuf bytes, int from, int to) {
    int length = Math.min(LogText.MAX_LENGTH, to - from);
    return LogText.sanitize(bytes.toString(from, length, StandardCharsets.US_ASCII));
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext context, Object event) {
    // TlsHandshakeLogger logs this.
    reported |= event instanceof SslHandshakeCompletionEvent tls && !tls.isSuccess();
    context.fireUserEventTriggered(event);
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable e) {
    reported |= e instanceof IOException; // the peer reset the connection, which is not logged
    context.fireExceptionCaught(e);
  }

  /** Called if gRPC closes the connection, but not if the peer closes it. */
  @Override
  public void close(ChannelHandlerContext context, ChannelPromise promise) {
    if (goAwayError == INTERNAL_ERROR) {
      reported = true;
    } else if (goAwayError != 0) {
      report(context, PeerEventLog.Cause.PROTOCOL_VIOLATION, debugData);
    } else if (!handshakeDone) {
      report(
          context,
          PeerEventLog.Cause.HANDSHAKE_TIMEOUT,
          "the peer sent something else, or too little");
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
