package dev.lavalier.netty;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.http2.Http2ConnectionDecoder;
import io.netty.handler.codec.http2.Http2ConnectionHandler;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2FrameListener;
import io.netty.handler.codec.http2.Http2FrameListenerDecorator;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.util.concurrent.FastThreadLocal;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/**
 * What the {@link DirectStream}s of one connection share: the stream whose headers are being read,
 * and the reasons for which the next message must take the ordinary path.
 *
 * <p>As a handler, it is between {@link FairReadHandler} and HTTP/2. When the first bytes arrive,
 * it becomes a listener of the HTTP/2 frames, and leaves the pipeline. So it knows the stream of
 * headers exactly, whichever task passes them on. If the connection has no HTTP/2, it does nothing.
 *
 * <p>Used only on the event loop of one connection.
 */
final class DirectConnection extends ChannelInboundHandlerAdapter {

  private static final FastThreadLocal<DirectConnection> READING = new FastThreadLocal<>();

  private final LongAdder sentMessages;
  private @Nullable ChannelHandlerContext http2; // null: nothing was read yet
  private @Nullable DirectSocket socket; // null: bytes are sent through the pipeline
  private int streamOfHeaders; // while headers are being read
  private boolean unflushed;
  private boolean pinged;

  /**
   * Creates a handler.
   *
   * @param sentMessages counts the messages that are sent directly
   */
  DirectConnection(LongAdder sentMessages) {
    this.sentMessages = sentMessages;
  }

  /** Returns the stream whose headers the current thread is reading; null: there is none. */
  static @Nullable DirectStream streamBeingRead() {
    DirectConnection connection = READING.getIfExists();
    return connection == null
        ? null
        : new DirectStream(
            connection, connection.http2, connection.streamOfHeaders, connection.socket);
  }

  /**
   * Sets whether a handler holds bytes that are written and not flushed. They wait for the next
   * flush, and a direct send flushes nothing.
   */
  void setUnflushed(boolean value) {
    unflushed = value;
  }

  /** Returns whether a handler holds bytes that are written and not flushed. */
  boolean hasUnflushed() {
    return unflushed;
  }

  /** Returns whether a ping has arrived since the last call. */
  boolean takePing() {
    boolean taken = pinged;
    pinged = false;
    return taken;
  }

  /** Counts a message that is sent directly through the pipeline. */
  void onSending() {
    sentMessages.increment();
  }

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) {
    listen(context.pipeline().context(Http2ConnectionHandler.class));
    context.pipeline().remove(this);
    context.fireChannelRead(message);
  }

  private void listen(@Nullable ChannelHandlerContext found) {
    if (found == null) {
      return;
    }
    http2 = found;
    socket = DirectSocket.of(found, sentMessages);
    Http2ConnectionDecoder decoder = ((Http2ConnectionHandler) found.handler()).decoder();
    decoder.frameListener(new Listener(decoder.frameListener()));
  }

  private final class Listener extends Http2FrameListenerDecorator {

    Listener(Http2FrameListener listener) {
      super(listener);
    }

    @Override
    public void onHeadersRead(
        ChannelHandlerContext context,
        int streamId,
        Http2Headers headers,
        int padding,
        boolean endOfStream)
        throws Http2Exception {
      startHeaders(streamId);
      try {
        super.onHeadersRead(context, streamId, headers, padding, endOfStream);
      } finally {
        READING.remove();
      }
    }

    @Override
    public void onHeadersRead(
        ChannelHandlerContext context,
        int streamId,
        Http2Headers headers,
        int streamDependency,
        short weight,
        boolean exclusive,
        int padding,
        boolean endOfStream)
        throws Http2Exception {
      startHeaders(streamId);
      try {
        super.onHeadersRead(
            context, streamId, headers, streamDependency, weight, exclusive, padding, endOfStream);
      } finally {
        READING.remove();
      }
    }

    private void startHeaders(int streamId) {
      streamOfHeaders = streamId;
      READING.set(DirectConnection.this);
    }

    @Override
    public void onPingRead(ChannelHandlerContext context, long data) throws Http2Exception {
      pinged = true;
      super.onPingRead(context, data);
    }
  }
}
