package dev.lavalier.grpc;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import java.io.IOException;
import java.nio.charset.StandardCharsets;

/**
 * Finds out why a connection is ended by us, from what gRPC writes: the transport itself tells
 * nobody but the peer. Sees plain HTTP/2, in whole frames. One connection's event loop alone.
 */
final class PeerWatch extends ChannelDuplexHandler {

  private static final int HEADER_BYTES = 9;
  private static final int SETTINGS = 4;
  private static final int GOAWAY = 7;
  private static final int ACK = 1;
  private static final long INTERNAL_ERROR = 2; // the socket's trouble: the peer closed it, say
  private static final int MAX_WORDS = 120;

  private final PeerLog log;
  private int payloadLeft; // of the frame that is being written
  private boolean greeted; // the peer's preface and settings came
  private long error; // of our GOAWAY; 0: none
  private boolean saysWhy; // it has words; its error may be none: the peer did nothing wrong
  private boolean awaitsWords; // the GOAWAY's words come with the next write
  private String words = "";
  private boolean settled; // told, or nothing to tell

  PeerWatch(PeerLog log) {
    this.log = log;
  }

  @Override
  public void write(ChannelHandlerContext context, Object message, ChannelPromise promise) {
    if (message instanceof ByteBuf bytes) {
      look(bytes);
    }
    var unused = context.write(message, promise);
  }

  /** Headers are never split; a payload may come with its header or after it. */
  private void look(ByteBuf bytes) {
    int at = bytes.readerIndex();
    int end = bytes.writerIndex();
    if (awaitsWords && at < end) {
      awaitsWords = false;
      words = words(bytes, at, end);
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
          greeted = true;
        } else if (type == GOAWAY && end - at >= HEADER_BYTES + 8) {
          error = bytes.getUnsignedInt(at + HEADER_BYTES + 4);
          saysWhy = payloadLeft > 8;
          awaitsWords = saysWhy && end - at == HEADER_BYTES + 8;
          if (saysWhy && !awaitsWords) {
            words = words(bytes, at + HEADER_BYTES + 8, end);
          }
        }
        at += HEADER_BYTES;
      }
    }
  }

  /** They may quote the peer. */
  private static String words(ByteBuf bytes, int from, int to) {
    String text = bytes.toString(from, Math.min(MAX_WORDS, to - from), StandardCharsets.US_ASCII);
    return text.replaceAll("[^ -~]", "?");
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext context, Object event) {
    // Whoever does TLS says why.
    settled |= event instanceof SslHandshakeCompletionEvent tls && !tls.isSuccess();
    context.fireUserEventTriggered(event);
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable e) {
    settled |= e instanceof IOException; // the peer reset the connection: its own affair
    context.fireExceptionCaught(e);
  }

  /** By gRPC: a peer that leaves is no reason to call this. */
  @Override
  public void close(ChannelHandlerContext context, ChannelPromise promise) {
    if (error == INTERNAL_ERROR) {
      settled = true;
    } else if (error != 0) {
      tell(context, PeerLog.Cause.MISBEHAVED, words);
    } else if (!greeted) {
      tell(context, PeerLog.Cause.NO_HANDSHAKE, "it said something else, or too little");
    } else if (!saysWhy) {
      tell(context, PeerLog.Cause.VANISHED, "");
    }
    var unused = context.close(promise);
  }

  private void tell(ChannelHandlerContext context, PeerLog.Cause cause, String detail) {
    if (!settled) {
      settled = true;
      log.note(cause, context.channel().remoteAddress(), detail);
    }
  }
}
