package dev.lavalier.web;

import static dev.lavalier.web.WebFixture.assertEnds;
import static dev.lavalier.web.WebFixture.limits;
import static org.assertj.core.api.Assertions.assertThat;

import dev.lavalier.hub.HubConfig;
import dev.lavalier.netty.TransportLimits;
import dev.lavalier.service.CallObserver;
import dev.lavalier.testing.HttpSocket;
import dev.lavalier.testing.TcpServer;
import dev.lavalier.v1.PullFramesRequest;
import dev.lavalier.v1.StreamFramesRequest;
import java.io.ByteArrayOutputStream;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Tests what the server does with WebSockets that do not behave. */
final class WebSocketLimitsTest {

  private static final byte[] NOTHING = {};
  private static final Duration LONG = Duration.ofSeconds(30);

  /** Subscribes to the default device, without credit. */
  private static final byte[] SUBSCRIBE =
      PullFramesRequest.newBuilder()
          .setSubscribe(StreamFramesRequest.getDefaultInstance())
          .build()
          .toByteArray();

  private static final byte[] ONE_CREDIT =
      PullFramesRequest.newBuilder().setCredit(1).build().toByteArray();

  @RegisterExtension final WebFixture web = new WebFixture();

  @ParameterizedTest
  @ValueSource(
      strings = {"ListDevices", "WatchDevices", "PullFrames", "StreamLevels", "GetServerInfo"})
  void malformedRequestIsRejected(String method) throws Exception {
    HttpSocket call = web.start().open(method).message(new byte[] {-1, -1, -1});
    assertEnds(
        call,
        4_003,
        "request: malformed (expected: a message of lavalier.v1.AudioCapture/" + method + ")");
  }

  @ParameterizedTest
  @ValueSource(strings = {"WatchDevices", "StreamLevels"})
  void secondRequestIsRejected(String method) throws Exception {
    HttpSocket call = web.start().open(method).message(NOTHING).message(NOTHING);
    assertEnds(
        call,
        4_003,
        "request: a second message (expected: one in each call of lavalier.v1.AudioCapture/"
            + method
            + ")");
    web.awaitSubscribers(0);
  }

  @Test
  void secondSubscriptionInCallIsRejected() throws Exception {
    HttpSocket call = web.start().open("PullFrames").message(SUBSCRIBE).message(SUBSCRIBE);
    assertEnds(
        call,
        4_003,
        "subscribe: set again (expected: set in the first message, and in no later one)");
    web.awaitSubscribers(0);
  }

  @Test
  void malformedMessageInStreamEndsCall() throws Exception {
    HttpSocket call = web.start().open("PullFrames").message(SUBSCRIBE);
    web.awaitSubscribers(1);
    call.message(new byte[] {-1});
    assertEnds(
        call,
        4_003,
        "request: malformed (expected: a message of lavalier.v1.AudioCapture/PullFrames)");
    web.awaitSubscribers(0);
  }

  @Test
  void textIsRejected() throws Exception {
    HttpSocket call = web.start().open("PullFrames").frame(HttpSocket.TEXT, true, NOTHING);
    assertEnds(
        call,
        4_003,
        "request: text (expected: binary messages of lavalier.v1.AudioCapture/PullFrames)");
  }

  @ParameterizedTest
  @CsvSource({"9, true", "10, true", "2, false"}) // pings, pongs, empty parts of a message
  void floodOfFramesWithoutMessageEndsCall(int opcode, boolean whole) throws Exception {
    HttpSocket call = web.start().open("PullFrames").message(SUBSCRIBE);
    web.awaitSubscribers(1);
    call.frame(opcode, whole, NOTHING);
    for (int i = 0; i < 100; i++) {
      call.frame(whole ? opcode : HttpSocket.CONTINUATION, whole, NOTHING);
    }
    assertEnds(
        call,
        4_008,
        "frames: too many (expected: no more than 100 pings, pongs and incomplete parts in 10 s)");
    web.awaitSubscribers(0);
  }

  private static final String TOO_LARGE =
      "request: too large (expected: no more than 1000 bytes; max-message-bytes)";

  @Test
  void largeRequestIsRejected() throws Exception {
    assertEnds(web.start().open("PullFrames").message(new byte[1_001]), 4_008, TOO_LARGE);
  }

  @Test
  void largeFragmentedRequestIsRejected() throws Exception {
    HttpSocket call = web.start().open("PullFrames");
    call.frame(HttpSocket.BINARY, false, new byte[600]);
    call.frame(HttpSocket.CONTINUATION, false, new byte[401]);
    assertEnds(call, 4_008, TOO_LARGE);
  }

  @Test
  void lengthAnnouncedByFrameIsNotReserved() throws Exception {
    byte[] header = {(byte) 0x82, (byte) 0xFF, 0x7F, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0};
    assertEnds(web.start().open("PullFrames").send(header), 4_008, TOO_LARGE);
  }

  @ParameterizedTest
  @ValueSource(
      ints = {
        0x80, // a continuation of nothing
        0x83, // an unknown opcode
        0xC2, // an extension that was not agreed on
        0x09, // a ping in fragments
      })
  void invalidFrameIsRejected(int first) throws Exception {
    HttpSocket call = web.start().open("PullFrames");
    call.send(new byte[] {(byte) first, (byte) 0x81, 0, 0, 0, 0, 0});
    assertEnds(
        call,
        4_003,
        "request: malformed (expected: a message of lavalier.v1.AudioCapture/PullFrames)");
  }

  @Test
  void frameWithoutMaskIsRejected() throws Exception {
    HttpSocket call = web.start().open("PullFrames").send(new byte[] {(byte) 0x82, 0});
    assertThat(call.closeFrame().closeCode()).isEqualTo(4_003);
  }

  /** Credits that wait for the call take as much memory as with gRPC, and no more. */
  @Test
  void floodOfRequestsEndsCall() throws Exception {
    HttpSocket call = web.start().open("PullFrames").message(SUBSCRIBE);
    ByteArrayOutputStream credits = new ByteArrayOutputStream();
    for (int i = 0; i < 5_000; i++) {
      credits.writeBytes(HttpSocket.frameBytes(HttpSocket.BINARY, true, ONE_CREDIT));
    }
    call.send(credits.toByteArray());
    assertEnds(
        call,
        4_008,
        "requests: more than the call reads (expected: one for each frame that arrives)");
    web.awaitSubscribers(0);
  }

  @Test
  void callWithoutRequestEnds() throws Exception {
    HttpSocket call = web.start(limits(Duration.ofSeconds(1), LONG)).open("PullFrames");
    assertEnds(call, 4_004, "request: none (expected: within 1 s; handshake-timeout-s)");
  }

  @Test
  void silentPeerIsPingedAndThenDisconnected() throws Exception {
    HttpSocket call = web.start(limits(LONG, Duration.ofMillis(200))).open("WatchDevices");
    call.message(NOTHING);
    call.message();
    for (int i = 0; i < 3; i++) {
      assertThat(call.frame().opcode()).isEqualTo(HttpSocket.PING);
      call.frame(HttpSocket.PONG, true, NOTHING);
    }
    assertThat(call.frame().opcode()).isEqualTo(HttpSocket.PING);
    assertThat(call.isClosedByServer()).isTrue();
  }

  @Test
  void connectionsShareTheLimitOfGrpc() throws Exception {
    TransportLimits one = new TransportLimits(1, 10, 1_000, 2_000, LONG, 50, LONG);
    web.start(TcpServer.start("16000/1/s16le", HubConfig.DEFAULTS, one), CallObserver.NONE);
    web.open("PullFrames");
    assertThat(web.connect().isClosedByServer()).isTrue();
  }
}
