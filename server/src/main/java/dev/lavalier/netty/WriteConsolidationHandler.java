package dev.lavalier.netty;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.ChannelPromise;
import io.netty.util.concurrent.Future;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Merges the writes of a connection between two flushes into one buffer, so that one send call is
 * enough. HTTP/2 writes each frame as a header of 9 bytes and a payload. Two buffers need a
 * gathered write, which costs more than copying a few hundred bytes (docs/benchmarks.md).
 *
 * <p>Larger writes pass unchanged, in order. Used only on the event loop of one connection.
 */
final class WriteConsolidationHandler extends ChannelOutboundHandlerAdapter {

  /** The maximum size to merge. Beyond it, copying costs more than it saves. */
  private static final int MAX_PENDING_BYTES = 4_096;

  private final DirectConnection connection;
  private @Nullable ByteBuf pending; // null: nothing is pending
  private @Nullable List<ChannelPromise> promises; // of the merged writes; null: nothing is pending

  /**
   * Creates a handler.
   *
   * @param connection gets the state: whether writes are unflushed
   */
  WriteConsolidationHandler(DirectConnection connection) {
    this.connection = connection;
  }

  @Override
  public void write(ChannelHandlerContext context, Object message, ChannelPromise promise) {
    connection.setUnflushed(true);
    int length = message instanceof ByteBuf bytes ? bytes.readableBytes() : Integer.MAX_VALUE;
    if (length > room()) {
      flushPending(context);
    }
    if (length <= room()) {
      append(context, (ByteBuf) message, promise.unvoid());
    } else {
      var unused = context.write(message, promise);
    }
  }

  private int room() {
    return pending == null ? MAX_PENDING_BYTES : pending.maxWritableBytes();
  }

  private void append(ChannelHandlerContext context, ByteBuf bytes, ChannelPromise promise) {
    if (pending == null) {
      pending = context.alloc().directBuffer(MAX_PENDING_BYTES, MAX_PENDING_BYTES);
      promises = new ArrayList<>(2);
    }
    pending.writeBytes(bytes);
    bytes.release();
    promises.add(promise);
  }

  private void flushPending(ChannelHandlerContext context) {
    if (pending != null) {
      ByteBuf bytes = pending;
      List<ChannelPromise> all = promises;
      pending = null;
      promises = null;
      var unused = context.write(bytes).addListener(done -> complete(all, done));
    }
  }

  private static void complete(List<ChannelPromise> promises, Future<?> done) {
    for (ChannelPromise promise : promises) { // netty can use one promise for several writes
      if (done.isSuccess()) {
        promise.trySuccess();
      } else {
        promise.tryFailure(done.cause());
      }
    }
  }

  @Override
  public void flush(ChannelHandlerContext context) {
    flushPending(context);
    connection.setUnflushed(false);
    context.flush();
  }

  // Pending writes are sent, or fail, before the connection closes.

  @Override
  public void disconnect(ChannelHandlerContext context, ChannelPromise promise) {
    flushPending(context);
    var unused = context.disconnect(promise);
  }

  @Override
  public void close(ChannelHandlerContext context, ChannelPromise promise) {
    flushPending(context);
    var unused = context.close(promise);
  }

  @Override
  public void handlerRemoved(ChannelHandlerContext context) {
    flushPending(context);
  }
}
