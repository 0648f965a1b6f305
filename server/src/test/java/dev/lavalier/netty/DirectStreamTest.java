package dev.lavalier.netty;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lavalier.netty.Http2Server.Opened;
import dev.lavalier.testing.RawHttp2Client;
import dev.lavalier.testing.RawHttp2Client.Frame;
import io.netty.buffer.Unpooled;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Tests direct sending beside the HTTP/2 of netty. */
class DirectStreamTest extends DirectStreamFixture {

  @Test
  void messageIsOneDataFrameAndIsCounted() throws Exception {
    RawHttp2Client client = connect(LARGE);
    Opened stream = server.open(client, 1).withHeaders();

    assertThat(stream.send(1_000, 7)).isTrue();
    assertThat(stream.send(DataFrame.MAX_PAYLOAD_BYTES, 8)).isTrue();

    assertData(readData(client), 1, 1_000, 7);
    assertData(readData(client), 1, DataFrame.MAX_PAYLOAD_BYTES, 8);
    assertThat(server.directMessages()).isEqualTo(2);
  }

  @Test
  void transportWithoutDirectFramesOffersNoStream() throws Exception {
    server.close();
    server = server(false);
    RawHttp2Client client = connect(LARGE);

    Opened stream = server.open(client, 1);

    assertThat(stream.direct()).isNull();
    assertThat(stream.onLoop(DirectStream::beingRead)).isNull();
  }

  /** Together the headers are longer than a part that the connection passes on at a time. */
  @Test
  void eachOfSeveralHeadersInOnePacketGetsItsOwnStream() throws Exception {
    RawHttp2Client client = connect(LARGE);
    client.send(
        RawHttp2Client.headers(1, "x".repeat(60)),
        RawHttp2Client.headers(3, "y".repeat(60)),
        RawHttp2Client.headers(5, "z".repeat(60)),
        RawHttp2Client.headers(7, "Test"));
    List<Opened> streams = List.of(server.next(), server.next(), server.next(), server.next());

    for (Opened each : streams) {
      each.withHeaders();
    }
    for (int i = 3; i >= 0; i--) {
      assertThat(streams.get(i).send(100, i)).isTrue();
    }

    for (int i = 3; i >= 0; i--) {
      assertData(readData(client), 2 * i + 1, 100, i);
    }
    assertThat(streams.get(0).onLoop(DirectStream::beingRead)).isNull();
  }

  /** If the client has ended its side, the stream stays open until the trailers are sent. */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void nothingIsSentBeforeHeadersAndAfterTrailers(boolean clientHasEnded) throws Exception {
    RawHttp2Client client = connect(LARGE);
    Frame headers = RawHttp2Client.headers(1, "Test");
    int endStream = clientHasEnded ? 1 : 0;
    client.send(new Frame(headers.type(), headers.flags() | endStream, 1, headers.payload()));
    Opened stream = server.next();

    assertThat(stream.send(100, 1)).isFalse();
    stream.withHeaders();
    assertThat(stream.send(100, 2)).isTrue();
    assertThat(
            stream.onLoop(
                () -> {
                  stream.writeHeaders(true); // the headers at the end, not flushed
                  return stream.sendNow(100, 3);
                }))
        .isFalse();
    stream.http2().flush();

    assertThat(client.readUntil(RawHttp2Client.HEADERS, false).endsStream()).isFalse();
    assertData(client.read(), 1, 100, 2);
    assertThat(client.read().endsStream()).isTrue();
    assertThat(stream.send(100, 4)).isFalse();
  }

  /** Also shows that netty's windows accept a negative increment. */
  @Test
  void windowsAreTakenAndNeverExceeded() throws Exception {
    RawHttp2Client client = connect(700);
    Opened stream = server.open(client, 1).withHeaders();

    assertThat(stream.send(300, 1)).isTrue();
    assertThat(stream.send(300, 2)).isTrue();
    assertThat(stream.send(300, 3)).isFalse();

    assertThat(stream.window(1)).isEqualTo(100);
    assertThat(stream.window(0)).isEqualTo(RawHttp2Client.CONNECTION_WINDOW - 600);
    client.sendInitialWindow(200); // the window becomes -400
    client.awaitProcessed();
    assertThat(stream.window(1)).isEqualTo(-400);
    assertThat(stream.send(0, 4)).isFalse();
    client.grant(1, 699);
    client.awaitProcessed();
    assertThat(stream.send(300, 5)).isFalse();
    client.grant(1, 1);
    client.awaitProcessed();
    assertThat(stream.send(300, 6)).isTrue();
    assertThat(stream.window(1)).isZero();
    assertData(readData(client), 1, 300, 6);
    assertThat(client.dataBytes(1)).isEqualTo(900);
  }

  @Test
  void windowOfConnectionIsSharedByItsStreams() throws Exception {
    RawHttp2Client client = connect(LARGE);
    Opened one = server.open(client, 1).withHeaders();
    Opened other = server.open(client, 3).withHeaders();

    for (int i = 0; i < 3; i++) {
      assertThat(one.send(DataFrame.MAX_PAYLOAD_BYTES, i)).isTrue();
      assertData(readData(client), 1, DataFrame.MAX_PAYLOAD_BYTES, i);
    }

    assertThat(other.send(DataFrame.MAX_PAYLOAD_BYTES, 3)).isFalse();
    assertThat(other.send(DataFrame.MAX_PAYLOAD_BYTES - 1, 4)).isTrue();
    assertThat(one.send(1, 5)).isFalse();
    client.grant(0, 1);
    client.awaitProcessed();
    assertThat(one.send(1, 6)).isTrue();
    assertThat(other.window(0)).isZero();
  }

  /** Netty takes its frames from the same windows. */
  @Test
  void bothPathsTakeTheSameWindows() throws Exception {
    RawHttp2Client client = connect(1_000);
    Opened stream = server.open(client, 1).withHeaders();

    assertThat(stream.send(400, 1)).isTrue();
    stream.onLoop(
        () ->
            stream
                .encoder()
                .writeData(
                    stream.http2(),
                    1,
                    Unpooled.wrappedBuffer(Http2Server.payload(1_000, 2)),
                    0,
                    false,
                    stream.http2().newPromise()));
    stream.http2().flush();

    assertData(readData(client), 1, 400, 1);
    assertData(readData(client), 1, 600, 2); // as much as the window allows
    client.grant(1, 800);
    assertData(readData(client), 1, 400, 2);
    client.awaitProcessed();
    assertThat(stream.send(401, 3)).isFalse();
    assertThat(stream.send(400, 4)).isTrue();
  }

  @Test
  void afterPingTheNextMessageTakesTheOrdinaryPath() throws Exception {
    RawHttp2Client client = connect(300);
    Opened one = server.open(client, 1).withHeaders();
    Opened other = server.open(client, 3).withHeaders();
    client.ping();
    client.awaitProcessed();

    assertThat(one.send(301, 1)).isFalse(); // because of the window: the ping still counts
    assertThat(other.send(100, 2)).isFalse();
    assertThat(other.send(100, 3)).isTrue();
    assertThat(one.send(100, 4)).isTrue();
  }

  /** Such as a WINDOW_UPDATE for what a call has read. */
  @Test
  void unflushedBytesMakeTheNextMessageTakeTheOrdinaryPath() throws Exception {
    RawHttp2Client client = connect(LARGE);
    Opened stream = server.open(client, 1).withHeaders();

    boolean sent =
        stream.onLoop(
            () -> {
              var unused =
                  stream.encoder().writePing(stream.http2(), false, 1, stream.http2().newPromise());
              return stream.sendNow(100, 1);
            });

    assertThat(sent).isFalse();
    stream.http2().flush();
    assertThat(stream.send(100, 2)).isTrue();
    client.readUntil(RawHttp2Client.PING, false);
    assertData(client.read(), 1, 100, 2);
  }

  @Test
  void resetStreamSendsNothing() throws Exception {
    RawHttp2Client client = connect(LARGE);
    Opened reset = server.open(client, 1).withHeaders();
    Opened other = server.open(client, 3).withHeaders();

    client.reset(1);
    client.awaitProcessed();

    assertThat(reset.send(100, 1)).isFalse();
    assertThat(other.send(100, 2)).isTrue();
    assertData(readData(client), 3, 100, 2);
  }

  @Test
  void streamsContinueAfterGoAway() throws Exception {
    RawHttp2Client client = connect(LARGE);
    Opened stream = server.open(client, 1).withHeaders();

    stream.onLoop(
        () -> {
          var unused =
              stream
                  .encoder()
                  .writeGoAway(
                      stream.http2(), 1, 0, Unpooled.EMPTY_BUFFER, stream.http2().newPromise());
          stream.http2().flush();
          return true;
        });

    assertThat(stream.send(100, 1)).isTrue();
    client.readUntil(RawHttp2Client.GOAWAY, false);
    assertData(client.read(), 1, 100, 1);
  }
}
