package dev.lavalier.netty;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.unix.Socket;
import io.netty.channel.unix.UnixChannel;
import io.netty.handler.ssl.SslHandler;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.atomic.LongAdder;
import javax.net.ssl.SSLEngine;
import org.jspecify.annotations.Nullable;

/**
 * The socket of a connection, for bytes that pass no handler and usually need one system call. Only
 * with epoll. Used only on the event loop of the connection. Nothing blocks.
 *
 * <p>What the kernel does not accept goes into the outbound buffer of the channel, before all later
 * writes. netty removes this buffer before it closes the descriptor, on the same thread. Without a
 * buffer nothing is sent, so no byte can reach another connection with the same descriptor.
 *
 * <p>With TLS, the bytes are encrypted by the engine of the connection, on the thread on which its
 * handler uses the engine. The handler encrypts all that is flushed at once, so it holds no bytes,
 * and the records of both are in order. What the engine does not take is left to the handler: it
 * must exchange keys first, or it is closed.
 */
public final class DirectSocket {

  private final ChannelHandlerContext writer;
  private final Channel.Unsafe channel;
  private final Socket socket;
  private final @Nullable SSLEngine tls; // null: bytes are not encrypted
  private final LongAdder sentMessages;

  private DirectSocket(
      ChannelHandlerContext writer,
      Socket socket,
      @Nullable SSLEngine tls,
      LongAdder sentMessages) {
    this.writer = writer;
    this.channel = writer.channel().unsafe();
    this.socket = socket;
    this.tls = tls;
    this.sentMessages = sentMessages;
  }

  /**
   * Returns the socket of a connection; null: it does not use epoll.
   *
   * @param writer passes bytes unchanged to TLS
   * @param sentMessages counts the calls of {@link #send}
   */
  static @Nullable DirectSocket of(ChannelHandlerContext writer, LongAdder sentMessages) {
    SslHandler tls = writer.pipeline().get(SslHandler.class);
    return writer.channel() instanceof UnixChannel channel
            && channel.fd() instanceof Socket descriptor
        ? new DirectSocket(writer, descriptor, tls == null ? null : tls.engine(), sentMessages)
        : null;
  }

  /**
   * Returns whether the connection is open, and its outbound buffer has no unsent byte. It does not
   * know what handlers hold.
   */
  public boolean isIdle() {
    ChannelOutboundBuffer unsent = channel.outboundBuffer(); // null: closed
    return unsent != null && unsent.totalPendingWriteBytes() == 0;
  }

  /**
   * Sends one message now, or as soon as the kernel accepts them. Call it only if {@link #isIdle},
   * and while no handler holds bytes that are written and not flushed.
   *
   * @param bytes a direct buffer; the message is its bytes before the position, which stay as they
   *     are
   */
  public void send(ByteBuffer bytes) {
    sentMessages.increment(); // first: the peer can have the message before this method returns
    if (tls == null) {
      sendAll(bytes);
    } else {
      encrypt(bytes.duplicate().flip(), tls);
    }
  }

  private void encrypt(ByteBuffer message, SSLEngine engine) {
    sendAll(TlsRecords.ofLoop().encrypt(message, engine));
    if (message.hasRemaining()) {
      var unused = writer.writeAndFlush(copy(message), writer.voidPromise());
    }
  }

  /** Sends the bytes before the position. */
  private void sendAll(ByteBuffer bytes) {
    int sent = sendNow(bytes);
    if (sent < bytes.position()) {
      channel.write(
          copy(bytes.slice(sent, bytes.position() - sent)), channel.voidPromise()); // no handler
      channel.flush();
    }
  }

  /** Returns the number of bytes that the kernel has accepted. */
  private int sendNow(ByteBuffer bytes) {
    try {
      return socket.send(bytes, 0, bytes.position());
    } catch (IOException e) {
      return 0; // netty fails in the same way, and closes the connection
    }
  }

  private ByteBuf copy(ByteBuffer bytes) {
    try {
      return writer.alloc().directBuffer(bytes.remaining()).writeBytes(bytes);
    } catch (RuntimeException | Error e) { // no memory; without the rest, the next frame is garbage
      channel.close(channel.voidPromise());
      throw e;
    }
  }
}
