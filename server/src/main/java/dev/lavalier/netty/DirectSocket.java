package dev.lavalier.netty;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.unix.Socket;
import io.netty.channel.unix.UnixChannel;
import io.netty.handler.ssl.SslHandler;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/**
 * The socket of a connection, for bytes that pass no handler and usually need one system call. Only
 * with epoll and without TLS. Used only on the event loop of the connection. Nothing blocks.
 *
 * <p>What the kernel does not accept goes into the outbound buffer of the channel, before all later
 * writes. netty removes this buffer before it closes the descriptor, on the same thread. Without a
 * buffer nothing is sent, so no byte can reach another connection with the same descriptor.
 */
public final class DirectSocket {

  private final Channel connection;
  private final Channel.Unsafe channel;
  private final Socket socket;
  private final LongAdder sentMessages;

  private DirectSocket(Channel connection, Socket socket, LongAdder sentMessages) {
    this.connection = connection;
    this.channel = connection.unsafe();
    this.socket = socket;
    this.sentMessages = sentMessages;
  }

  /**
   * Returns the socket of a connection; null: it does not use epoll, or it has TLS.
   *
   * @param sentMessages counts the calls of {@link #send}
   */
  static @Nullable DirectSocket of(Channel connection, LongAdder sentMessages) {
    return connection instanceof UnixChannel channel
            && channel.fd() instanceof Socket descriptor
            && connection.pipeline().get(SslHandler.class) == null
        ? new DirectSocket(connection, descriptor, sentMessages)
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
    int sent = sendNow(bytes);
    if (sent < bytes.position()) {
      pass(bytes.slice(sent, bytes.position() - sent));
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

  private void pass(ByteBuffer bytes) {
    ByteBuf rest;
    try {
      rest = connection.alloc().directBuffer(bytes.remaining()).writeBytes(bytes);
    } catch (RuntimeException | Error e) { // no memory; without the rest, the next frame is garbage
      channel.close(channel.voidPromise());
      throw e;
    }
    channel.write(rest, channel.voidPromise()); // nothing of the pipeline is unflushed
    channel.flush();
  }
}
