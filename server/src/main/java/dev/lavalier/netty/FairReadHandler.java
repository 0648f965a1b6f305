package dev.lavalier.netty;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.util.ReferenceCountUtil;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Passes what a peer sends in small parts, as long as the {@link ReadScheduler} of the event loop
 * has time. 64 KiB can contain a thousand requests. Without this, the loop would serve all of them
 * before it sends the next frame to another connection. While parts wait, no more is read from the
 * connection.
 *
 * <p>A connection with TLS has two of them: before TLS, for the time that handshakes and decryption
 * take, and after TLS, because a TLS record has up to 16 KiB. Used only on the event loop of one
 * connection.
 */
final class FairReadHandler extends ChannelDuplexHandler {

  /** About five requests. */
  static final int REQUEST_BYTES = 256;

  private final Supplier<ReadScheduler> schedulerOfLoop;
  private final ConnectionReads reads;
  private final int partBytes;
  private final Queue<ByteBuf> waiting = new ArrayDeque<>();
  private @Nullable ReadScheduler scheduler; // null: nothing was read yet
  private @Nullable ChannelHandlerContext context;
  private final Runnable passPart = this::passPart;
  private final ReadScheduler.Turn turn;
  private boolean scheduled; // the next turn

  /**
   * Creates a handler.
   *
   * @param schedulerOfLoop returns the scheduler of the current event loop
   * @param reads of the connection, which its handlers share
   * @param partBytes the maximum size of a part
   */
  FairReadHandler(Supplier<ReadScheduler> schedulerOfLoop, ConnectionReads reads, int partBytes) {
    this.schedulerOfLoop = schedulerOfLoop;
    this.reads = reads;
    this.turn = new ReadScheduler.Turn(reads, this::runTurn);
    this.partBytes = partBytes;
  }

  @Override
  public void handlerAdded(ChannelHandlerContext added) {
    context = added;
  }

  @Override
  public void channelRead(ChannelHandlerContext ignored, Object message) {
    if (!(message instanceof ByteBuf bytes)) {
      context.fireChannelRead(message);
      return;
    }
    if (scheduler == null) {
      scheduler = schedulerOfLoop.get();
    }
    waiting.add(bytes);
    if (!scheduled) {
      while (!waiting.isEmpty() && scheduler.tryRun(reads, passPart)) {}
      if (!waiting.isEmpty()) {
        reads.pause(context.channel().config());
        schedule();
      }
    }
  }

  /** Handlers behind this one request a read when they have processed the last one. */
  @Override
  public void read(ChannelHandlerContext ignored) {
    if (!reads.isPaused()) {
      context.read();
    }
  }

  private void schedule() {
    scheduled = true;
    scheduler.schedule(turn);
  }

  private void runTurn() {
    scheduled = false;
    passPart();
    context.fireChannelReadComplete();
    if (waiting.isEmpty()) {
      reads.resume(context.channel().config());
    } else {
      schedule();
    }
  }

  private void passPart() {
    ByteBuf bytes = waiting.element();
    if (bytes.readableBytes() <= partBytes) {
      context.fireChannelRead(waiting.remove());
    } else {
      context.fireChannelRead(bytes.readRetainedSlice(partBytes));
    }
  }

  @Override
  public void channelInactive(ChannelHandlerContext closed) {
    releaseAll();
    context.fireChannelInactive();
  }

  @Override
  public void handlerRemoved(ChannelHandlerContext removed) {
    releaseAll();
  }

  private void releaseAll() {
    waiting.forEach(ReferenceCountUtil::release);
    waiting.clear();
    if (scheduled) {
      scheduled = false;
      scheduler.cancel(turn);
    }
  }
}
