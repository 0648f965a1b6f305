package dev.lavalier.netty;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.handler.codec.http2.Http2Connection;
import io.netty.handler.codec.http2.Http2ConnectionHandler;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2RemoteFlowController;
import io.netty.handler.codec.http2.Http2Stream;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * Sends messages of one HTTP/2 stream directly, each as one DATA frame, past the queues of HTTP/2
 * and of the protocol above it. That protocol keeps the stream: it sends headers, trailers and
 * resets, and each message that this class does not accept: this is the ordinary path. With epoll,
 * the frame goes to the socket with one system call, see {@link DirectSocket}; otherwise it goes
 * through the pipeline, from the place of HTTP/2 on.
 *
 * <p>Used only on the event loop of the connection. Nothing blocks. No other code runs on the loop
 * between the checks of {@link #send} and the system call. So only the peer and the kernel can
 * change anything in between.
 *
 * <ul>
 *   <li><b>Order.</b> A message is sent only if no byte of the connection is written and unsent, in
 *       the pipeline ({@link DirectConnection#hasUnflushed}) or in the outbound buffer of the
 *       channel. What the kernel does not accept goes into that buffer, before all later writes. So
 *       HTTP/2 frames stay whole, and header blocks contiguous. Bytes that go through the pipeline
 *       pass the same handlers as all others, which keep their order. The caller must not send
 *       while the protocol has a message queued for this stream: only the caller knows that. Frames
 *       of other streams and control frames can be overtaken; HTTP/2 gives no order between them.
 *   <li><b>Headers and trailers.</b> Before the headers are written, a message is not accepted.
 *       Trailers and resets are flushed in the task that writes them. So afterwards they are
 *       unsent, or this side of the stream is closed.
 *   <li><b>Windows.</b> A message is sent only if the windows of the stream and of the connection
 *       have room for all of it. Its size is taken from both at once, as netty does for its own
 *       frames. So they are right for the next frame of either path, and for changes of
 *       SETTINGS_INITIAL_WINDOW_SIZE, which can make them negative.
 *   <li><b>Pings.</b> gRPC closes a connection whose peer pings more often than it gets frames. It
 *       counts only the frames that it writes itself. So after a ping, the next message that could
 *       be sent directly takes the ordinary path.
 *   <li><b>Flushes.</b> A direct send flushes nothing. If the pipeline holds bytes that are not
 *       flushed, such as a WINDOW_UPDATE, the message takes the ordinary path, which flushes.
 *   <li><b>Cancellation, RST_STREAM, GOAWAY.</b> HTTP/2 closes the stream, and a closed stream
 *       sends nothing. After a GOAWAY of either side, streams that continue send as before.
 *   <li><b>Loss of the connection, reuse of the descriptor.</b> See {@link DirectSocket}. If the
 *       peer closes the connection between check and send, the system call fails. netty then gets
 *       the bytes, fails in the same way, and closes the channel.
 * </ul>
 *
 * <p>Counters of HTTP/2 and of gRPC (channelz) do not see these messages. {@link
 * NettyTransport#directMessages} counts them.
 */
public final class DirectStream {

  private final DirectConnection connection;
  private final ChannelHandlerContext http2;
  private final Channel.Unsafe channel;
  private final Http2RemoteFlowController windows;
  private final Http2Stream connectionStream;
  private final Http2Stream stream;
  private final @Nullable DirectSocket socket; // null: bytes are sent through the pipeline

  DirectStream(
      DirectConnection connection,
      ChannelHandlerContext http2,
      int streamId,
      @Nullable DirectSocket socket) {
    Http2Connection streams = ((Http2ConnectionHandler) http2.handler()).connection();
    this.connection = connection;
    this.http2 = http2;
    this.channel = http2.channel().unsafe();
    this.windows = streams.remote().flowController();
    this.connectionStream = streams.connectionStream();
    this.stream = streams.stream(streamId);
    this.socket = socket;
  }

  /**
   * Returns the stream whose headers the current thread is reading. A protocol calls it while
   * HTTP/2 passes the headers of a request.
   *
   * @return null: none, or the transport does not send directly
   */
  public static @Nullable DirectStream beingRead() {
    return DirectConnection.streamBeingRead();
  }

  /**
   * Sends a message now, if that is possible. Call it only while the protocol above HTTP/2 has
   * nothing queued for the stream.
   *
   * @param frame the message
   * @return whether it was sent; if not, it must take the ordinary path
   */
  public boolean send(DataFrame frame) {
    int payloadBytes = frame.payloadBytes();
    if (!isOpenFor(payloadBytes) || connection.takePing()) {
      return false;
    }
    takeFromWindows(payloadBytes);
    ByteBuffer bytes = frame.forStream(stream.id());
    if (socket == null) {
      connection.onSending(); // first: the peer can have the message before this method returns
      pass(bytes.duplicate().flip());
    } else {
      socket.send(bytes);
    }
    return true;
  }

  private boolean isOpenFor(int payloadBytes) {
    ChannelOutboundBuffer unsent = channel.outboundBuffer(); // null: closed
    return unsent != null
        && unsent.totalPendingWriteBytes() == 0
        && !connection.hasUnflushed()
        && stream.state().localSideOpen()
        && stream.isHeadersSent()
        && payloadBytes <= windows.windowSize(stream)
        && payloadBytes <= windows.windowSize(connectionStream);
  }

  private void takeFromWindows(int bytes) {
    try {
      windows.incrementWindowSize(stream, -bytes);
      windows.incrementWindowSize(connectionStream, -bytes);
    } catch (Http2Exception e) {
      throw new IllegalStateException(e); // only for a window that becomes too large
    }
  }

  /** Passes bytes to the handlers after HTTP/2. */
  private void pass(ByteBuffer bytes) {
    ByteBuf frame;
    try {
      frame = http2.alloc().directBuffer(bytes.remaining()).writeBytes(bytes);
    } catch (RuntimeException | Error e) { // no memory; the windows count bytes that are not sent
      channel.close(channel.voidPromise());
      throw e;
    }
    var unused = http2.writeAndFlush(frame, http2.voidPromise());
  }
}
