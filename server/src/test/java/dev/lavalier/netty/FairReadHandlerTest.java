package dev.lavalier.netty;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Tests the parts in which a connection is read. */
final class FairReadHandlerTest {

  private final EmbeddedChannel channel = new EmbeddedChannel(new FairReadHandler());

  private static byte[] random(int length) {
    byte[] bytes = new byte[length];
    new Random(length).nextBytes(bytes);
    return bytes;
  }

  @Test
  void smallMessagesPassUnchanged() {
    ByteBuf message = Unpooled.wrappedBuffer(random(FairReadHandler.PART_BYTES));
    channel.writeInbound(message);
    assertThat(channel.<ByteBuf>readInbound()).isSameAs(message);
    assertThat(channel.config().isAutoRead()).isTrue();
    message.release();
  }

  @Test
  void largeMessageIsPassedInPartsBetweenOtherTasksOfTheLoop() {
    byte[] first = random(10_000);
    byte[] second = random(3_000);
    int[] partsBeforeOtherTask = new int[1];
    channel.eventLoop().execute(() -> partsBeforeOtherTask[0] = channel.inboundMessages().size());
    ByteBuf bytes = Unpooled.wrappedBuffer(first);
    // The embedded loop runs its tasks after both messages.
    channel.writeInbound(bytes, Unpooled.wrappedBuffer(second));
    channel.runPendingTasks();
    assertThat(partsBeforeOtherTask[0]).isEqualTo(1);
    assertThat(channel.config().isAutoRead()).isTrue();

    ByteBuf all = Unpooled.buffer();
    ByteBuf part;
    while ((part = channel.readInbound()) != null) {
      assertThat(part.readableBytes()).isBetween(1, FairReadHandler.PART_BYTES);
      all.writeBytes(part);
      part.release();
    }
    assertThat(all).isEqualTo(Unpooled.wrappedBuffer(first, second));
    assertThat(bytes.refCnt()).isZero();
  }

  @Test
  void partsThatWaitAreReleasedWhenTheConnectionCloses() {
    ByteBuf bytes = Unpooled.wrappedBuffer(random(10_000));
    channel.pipeline().fireChannelRead(bytes);
    assertThat(channel.config().isAutoRead()).isFalse();
    var unused = channel.close();
    channel.runPendingTasks();
    channel.releaseInbound();
    assertThat(bytes.refCnt()).isZero();
  }
}
