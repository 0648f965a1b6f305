package dev.lavalier.netty;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.embedded.EmbeddedChannel;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/** Tests the parts in which a connection is read. Each part takes 2 ms of a simulated clock. */
final class FairReadHandlerTest {

  private static final int PART = FairReadHandler.REQUEST_BYTES;
  private static final long WORK_NANOS = 2_000_000;

  private final class Work extends ChannelInboundHandlerAdapter {
    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
      nanoTime.addAndGet(WORK_NANOS);
      context.fireChannelRead(message);
    }
  }

  private final AtomicLong nanoTime = new AtomicLong();
  private final EmbeddedChannel channel = new EmbeddedChannel();

  FairReadHandlerTest() {
    channel.freezeTime();
    ReadScheduler scheduler = new ReadScheduler(channel.eventLoop(), nanoTime::get);
    channel.pipeline().addLast(new FairReadHandler(() -> scheduler, new ConnectionReads(), PART));
    channel.pipeline().addLast(new Work());
  }

  private static byte[] random(int length) {
    byte[] bytes = new byte[length];
    new Random(length).nextBytes(bytes);
    return bytes;
  }

  private void send(byte[]... messages) {
    for (byte[] message : messages) {
      channel.pipeline().fireChannelRead(Unpooled.wrappedBuffer(message));
    }
    channel.pipeline().fireChannelReadComplete();
  }

  private void pass(long milliseconds) {
    for (int k = 0; k < milliseconds; k++) {
      nanoTime.addAndGet(1_000_000);
      channel.advanceTimeBy(1, TimeUnit.MILLISECONDS);
      channel.runPendingTasks();
    }
  }

  private int received() {
    return channel.inboundMessages().stream().mapToInt(m -> ((ByteBuf) m).readableBytes()).sum();
  }

  @Test
  void readsPassAtOnceWhileTheyTakeLessThanHalfOfTheTime() {
    for (int k = 1; k <= 50; k++) {
      send(random(100));
      assertThat(received()).isEqualTo(k * 100);
      assertThat(channel.config().isAutoRead()).isTrue();
      pass(2);
    }
    channel.releaseInbound();
  }

  @Test
  void longReadTakesHalfOfTheTimeAfterItsBurst() {
    send(random(100 * PART));
    int burst = received() / PART;
    assertThat(burst).isBetween(5, 10); // 10 ms, and half of the time that they take
    assertThat(channel.config().isAutoRead()).isFalse();
    long before = nanoTime.get();
    pass(50);
    double work = (received() / PART - burst) * (double) WORK_NANOS;
    assertThat(work / (nanoTime.get() - before)).isBetween(0.4, 0.55);
    channel.releaseInbound();
  }

  /** As HTTP/2 and TLS do, the last handler requests a read each time. */
  @Test
  void nothingIsReadWhilePartsWait() {
    AtomicInteger reads = new AtomicInteger();
    channel
        .pipeline()
        .addFirst(
            new ChannelOutboundHandlerAdapter() {
              @Override
              public void read(ChannelHandlerContext context) {
                reads.incrementAndGet();
              }
            });
    channel
        .pipeline()
        .addLast(
            new ChannelInboundHandlerAdapter() {
              @Override
              public void channelReadComplete(ChannelHandlerContext context) {
                context.read();
              }
            });

    send(random(100 * PART));
    pass(50);
    assertThat(channel.config().isAutoRead()).isFalse();
    assertThat(reads).hasValue(0);

    pass(500);
    assertThat(channel.config().isAutoRead()).isTrue();
    assertThat(reads).hasPositiveValue();
    channel.releaseInbound();
  }

  @Test
  void partsArriveInOrder() {
    byte[] first = random(20 * PART + 7);
    byte[] second = random(3 * PART);
    send(first, second);
    pass(200);
    assertThat(channel.config().isAutoRead()).isTrue();
    ByteBuf all = Unpooled.buffer();
    ByteBuf part;
    while ((part = channel.readInbound()) != null) {
      all.writeBytes(part);
      part.release();
    }
    assertThat(all).isEqualTo(Unpooled.wrappedBuffer(first, second));
  }

  /** Returns a connection whose turns each take some time, and append its name to a text. */
  private ReadScheduler.Turn turn(String name, long nanos, StringBuilder order) {
    return new ReadScheduler.Turn(
        new ConnectionReads(),
        () -> {
          order.append(name);
          nanoTime.addAndGet(nanos);
        });
  }

  /** Returns a connection that has more to read after each turn. */
  private ReadScheduler.Turn turnAgainAndAgain(
      ReadScheduler scheduler, String name, StringBuilder order) {
    ReadScheduler.Turn[] again = new ReadScheduler.Turn[1];
    again[0] =
        new ReadScheduler.Turn(
            new ConnectionReads(),
            () -> {
              nanoTime.addAndGet(WORK_NANOS);
              order.append(name);
              scheduler.schedule(again[0]);
            });
    return again[0];
  }

  @Test
  void connectionsTakeTurns() {
    StringBuilder order = new StringBuilder();
    ReadScheduler scheduler = new ReadScheduler(channel.eventLoop(), nanoTime::get);
    ReadScheduler.Turn first = turn("a", 1, order);
    scheduler.schedule(first);
    scheduler.schedule(turn("b", 1, order));
    ConnectionReads third = new ConnectionReads();
    assertThat(scheduler.tryRun(third, () -> order.append('c'))).isFalse();
    scheduler.schedule(new ReadScheduler.Turn(third, () -> order.append('c')));
    channel.runPendingTasks();
    scheduler.schedule(first);
    channel.runPendingTasks();
    assertThat(order).hasToString("abca");
  }

  /** Twenty connections have more to read after each turn. */
  @Test
  void connectionThatSendsLittleDoesNotWaitBehindThoseThatSendMuch() {
    StringBuilder order = new StringBuilder();
    ReadScheduler scheduler = new ReadScheduler(channel.eventLoop(), nanoTime::get);
    for (int k = 0; k < 20; k++) {
      scheduler.schedule(turnAgainAndAgain(scheduler, "x", order));
    }
    pass(200);
    ReadScheduler.Turn little = turn("o", 100_000, order);
    for (int k = 0; k < 20; k++) {
      order.setLength(0);
      scheduler.schedule(little);
      for (int n = 0; n < 100 && order.indexOf("o") < 0; n++) {
        pass(1);
      }
      assertThat(order.indexOf("o")).as("turns before it: %s", order).isBetween(0, 2);
      pass(20);
    }
  }

  @Test
  void pauseGivesAConnectionALeadOfTenMillisecondsAndNotMore() {
    StringBuilder order = new StringBuilder();
    ReadScheduler scheduler = new ReadScheduler(channel.eventLoop(), nanoTime::get);
    ReadScheduler.Turn busy = turnAgainAndAgain(scheduler, "x", order);
    scheduler.schedule(busy);
    pass(200);
    order.setLength(0);
    scheduler.schedule(turnAgainAndAgain(scheduler, "o", order));
    pass(60);
    assertThat(order.indexOf("x")).as("%s", order).isBetween(1, 7);
  }

  /** TLS passes decrypted bytes on while it decrypts: the time of both counts, and only once. */
  @Test
  void timeOfTurnAndOfItsPartCountsForTheConnection() {
    StringBuilder order = new StringBuilder();
    ReadScheduler scheduler = new ReadScheduler(channel.eventLoop(), nanoTime::get);
    ConnectionReads reads = new ConnectionReads();
    ReadScheduler.Turn nested =
        new ReadScheduler.Turn(
            reads,
            () -> {
              nanoTime.addAndGet(2_000_000);
              assertThat(scheduler.tryRun(reads, () -> nanoTime.addAndGet(1_000_000))).isTrue();
              order.append('n');
            });
    ReadScheduler.Turn shorter = turn("s", 2_900_000, order);
    ReadScheduler.Turn longer = turn("l", 3_100_000, order);
    for (ReadScheduler.Turn turn : List.of(nested, shorter, longer)) {
      scheduler.schedule(turn);
      pass(10);
    }
    order.setLength(0);
    List.of(longer, nested, shorter).forEach(scheduler::schedule);
    pass(30);
    assertThat(order).hasToString("snl");
  }

  @Test
  void cancelledTurnDoesNotRun() {
    StringBuilder order = new StringBuilder();
    ReadScheduler scheduler = new ReadScheduler(channel.eventLoop(), nanoTime::get);
    ReadScheduler.Turn closed = turn("a", 1, order);
    scheduler.schedule(closed);
    scheduler.schedule(turn("b", 1, order));
    scheduler.cancel(closed);
    pass(5);
    assertThat(order).hasToString("b");
  }

  @Test
  void turnThatFailsDoesNotStopTheOthers() {
    StringBuilder order = new StringBuilder();
    ReadScheduler scheduler = new ReadScheduler(channel.eventLoop(), nanoTime::get);
    scheduler.schedule(
        new ReadScheduler.Turn(
            new ConnectionReads(),
            () -> {
              throw new IllegalStateException("of a handler");
            }));
    scheduler.schedule(turn("b", 1, order));
    pass(5);
    assertThat(order).hasToString("b");
  }

  /** As with TLS: the first handler passes whole reads, and the second one cuts them. */
  @Test
  void twoHandlersOfAConnectionShareTheTimeAndThePauses() {
    EmbeddedChannel connection = new EmbeddedChannel();
    connection.freezeTime();
    ReadScheduler scheduler = new ReadScheduler(connection.eventLoop(), nanoTime::get);
    ConnectionReads reads = new ConnectionReads();
    connection.pipeline().addLast(new FairReadHandler(() -> scheduler, reads, Integer.MAX_VALUE));
    connection.pipeline().addLast(new FairReadHandler(() -> scheduler, reads, PART));
    connection.pipeline().addLast(new Work());
    connection.pipeline().fireChannelRead(Unpooled.wrappedBuffer(random(20 * PART)));
    connection.pipeline().fireChannelRead(Unpooled.wrappedBuffer(random(20 * PART)));
    assertThat(connection.inboundMessages().size()).isBetween(5, 10);
    while (connection.inboundMessages().size() < 40) {
      assertThat(connection.config().isAutoRead()).isFalse();
      nanoTime.addAndGet(1_000_000);
      connection.advanceTimeBy(1, TimeUnit.MILLISECONDS);
      connection.runPendingTasks();
    }
    assertThat(connection.config().isAutoRead()).isTrue();
    connection.releaseInbound();
    var unused = connection.close();
  }

  @Test
  void partsThatWaitAreReleasedWhenTheConnectionCloses() {
    ByteBuf bytes = Unpooled.wrappedBuffer(random(100 * PART));
    channel.pipeline().fireChannelRead(bytes);
    assertThat(channel.config().isAutoRead()).isFalse();
    var unused = channel.close();
    channel.runPendingTasks();
    pass(50);
    channel.releaseInbound();
    assertThat(bytes.refCnt()).isZero();
  }
}
