package dev.lavalier.netty;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.lavalier.netty.Http2Server.Opened;
import dev.lavalier.testing.RawHttp2Client;
import io.netty.buffer.AbstractByteBufAllocator;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** Tests direct sending to peers that do not read, and over connections that are closed. */
class DirectStreamLossTest extends DirectStreamFixture {

  @Test
  void framesStayWholeWhenThePeerStopsReading() throws Exception {
    RawHttp2Client client = connect(LARGE);
    client.grant(0, LARGE);
    Opened stream = server.open(client, 1).withHeaders();
    client.awaitProcessed();

    int sent = 0;
    while (stream.send(DataFrame.MAX_PAYLOAD_BYTES, sent % 100)) {
      sent++;
    }

    assertThat(stream.send(1, 0)).isFalse(); // the rest of the last frame waits
    for (int i = 0; i < sent; i++) {
      assertData(client.read(), 1, DataFrame.MAX_PAYLOAD_BYTES, i % 100);
    }
    stream.onLoop(() -> true); // the loop has written the rest before
    assertThat(stream.send(50, 5)).isTrue();
    assertData(client.read(), 1, 50, 5);
  }

  /** A part of the frame is sent already, so nothing else can follow. */
  @Test
  void connectionIsClosedIfThereIsNoMemoryForTheRestOfFrame() throws Exception {
    RawHttp2Client client = connect(LARGE);
    client.grant(0, LARGE);
    Opened stream = server.open(client, 1).withHeaders();
    client.awaitProcessed();
    Callable<Boolean> sendUntilTheKernelAcceptsOnlyPart = // in one task, which no read interrupts
        () -> {
          stream.http2().channel().config().setAllocator(new NoDirectMemory());
          while (stream.sendNow(DataFrame.MAX_PAYLOAD_BYTES, 1)) {}
          return true;
        };

    assertThatExceptionOfType(ExecutionException.class)
        .isThrownBy(() -> stream.onLoop(sendUntilTheKernelAcceptsOnlyPart))
        .withCauseInstanceOf(OutOfMemoryError.class);

    assertThat(stream.http2().channel().isOpen()).isFalse();
    assertThat(stream.send(1, 2)).isFalse();
  }

  private static final class NoDirectMemory extends AbstractByteBufAllocator {

    @Override
    protected ByteBuf newHeapBuffer(int initialCapacity, int maxCapacity) {
      return Unpooled.buffer(initialCapacity, maxCapacity);
    }

    @Override
    protected ByteBuf newDirectBuffer(int initialCapacity, int maxCapacity) {
      throw new OutOfMemoryError("direct buffer");
    }

    @Override
    public boolean isDirectBufferPooled() {
      return false;
    }
  }

  /** The peer resets the connection after the event loop has looked at it, and before it sends. */
  @Test
  void connectionThatIsClosedBetweenCheckAndSendIsClosedHereToo() throws Exception {
    Socket socket = new Socket();
    RawHttp2Client client = connect(socket, LARGE);
    Opened stream = server.open(client, 1).withHeaders();
    client.awaitProcessed();
    CountDownLatch busy = new CountDownLatch(1);
    CountDownLatch closed = new CountDownLatch(1);
    var sent =
        stream
            .http2()
            .executor()
            .submit(
                () -> {
                  busy.countDown();
                  closed.await(); // meanwhile the loop reads no socket
                  return stream.sendNow(100, 1);
                });
    busy.await();
    socket.setSoLinger(true, 0); // with a reset
    socket.close();
    closed.countDown();

    assertThat(sent.get(20, TimeUnit.SECONDS)).isTrue(); // as any write that fails later
    assertThat(stream.http2().channel().closeFuture().await(20, TimeUnit.SECONDS)).isTrue();
    assertThat(stream.send(100, 2)).isFalse();
  }

  /** One of the next connections gets the descriptor of the one that was closed. */
  @Test
  void closedConnectionSendsNothingToItsSuccessor() throws Exception {
    List<Socket> sockets = new ArrayList<>(); // which have their own descriptors already
    for (int i = 0; i < 10; i++) {
      Socket socket = new Socket();
      socket.bind(null);
      sockets.add(socket);
    }
    Opened closed = server.open(connect(LARGE), 1).withHeaders();
    closed.http2().channel().close().await(20, TimeUnit.SECONDS);

    for (Socket socket : sockets) {
      RawHttp2Client client = connect(socket, LARGE);
      Opened successor = server.open(client, 1).withHeaders();
      assertThat(closed.send(100, 1)).isFalse();
      assertThat(successor.send(100, 2)).isTrue();
      assertData(readData(client), 1, 100, 2);
    }
  }
}
