package dev.lavalier.netty;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.util.ReferenceCountUtil;
import java.util.ArrayDeque;
import java.util.Queue;

/**
 * Passes what a peer sends in small parts, one in each task of the event loop. 64 KiB can contain a
 * thousand requests. The loop would serve all of them before it sends the next frame to another
 * connection. While parts wait, no more is read from the connection.
 *
 * <p>It comes after TLS, because a TLS record has up to 16 KiB. What subscribers send is smaller
 * than a part and passes unchanged. Used only on the event loop of one connection.
 */
final class FairReadHandler extends ChannelInboundHandlerAdapter {

  /**
   * About five requests. A frame needs a few tasks in turn, and each waits for the parts of others.
   */
  static final int PART_BYTES = 256;

  private final Queue<ByteBuf> waiting = new ArrayDeque<>();

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) {
    if (!(message instanceof ByteBuf bytes)
        || (waiting.isEmpty() && bytes.readableBytes() <= PART_BYTES)) {
      context.fireChannelRead(message);
      return;
    }
    boolean first = waiting.isEmpty();
    waiting.add(bytes);
    if (first) {
      context.channel().config().setAutoRead(false);
      passPart(context);
    }
  }

  private void passPart(ChannelHandlerContext context) {
    ByteBuf bytes = waiting.peek();
    if (bytes == null) {
      return; // the connection was closed
    }
    ByteBuf part = bytes.readRetainedSlice(Math.min(PART_BYTES, bytes.readableBytes()));
    if (!bytes.isReadable()) {
      waiting.remove().release();
    }
    boolean last = waiting.isEmpty();
    context.fireChannelRead(part);
    context.fireChannelReadComplete();
    if (last) {
      context.channel().config().setAutoRead(true);
    } else {
      context.executor().execute(() -> passPart(context));
    }
  }

  @Override
  public void channelInactive(ChannelHandlerContext context) {
    releaseAll();
    context.fireChannelInactive();
  }

  @Override
  public void handlerRemoved(ChannelHandlerContext context) {
    releaseAll();
  }

  private void releaseAll() {
    waiting.forEach(ReferenceCountUtil::release);
    waiting.clear();
  }
}
