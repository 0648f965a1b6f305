package dev.lavalier.web;

import static dev.lavalier.web.WebFixture.assertEnds;
import static org.assertj.core.api.Assertions.assertThat;

import dev.lavalier.hub.HubConfig;
import dev.lavalier.service.CallObserver;
import dev.lavalier.testing.HttpSocket;
import dev.lavalier.testing.TcpServer;
import dev.lavalier.v1.AudioFrame;
import dev.lavalier.v1.Device;
import dev.lavalier.v1.GetServerInfoResponse;
import dev.lavalier.v1.ListDevicesResponse;
import dev.lavalier.v1.PullFramesRequest;
import dev.lavalier.v1.StreamFramesRequest;
import dev.lavalier.v1.StreamFramesResponse;
import dev.lavalier.v1.StreamLevelsRequest;
import dev.lavalier.v1.StreamLevelsResponse;
import dev.lavalier.v1.WatchDevicesResponse;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Tests the calls over WebSocket. */
final class WebSocketCallTest {

  private static final byte[] NOTHING = {};

  @RegisterExtension final WebFixture web = new WebFixture();

  private static PullFramesRequest subscribe(String device, int credit) {
    return PullFramesRequest.newBuilder()
        .setSubscribe(StreamFramesRequest.newBuilder().setDeviceId(device).setMaxLatencyMs(60_000))
        .setCredit(credit)
        .build();
  }

  private static byte[] credit(int frames) {
    return PullFramesRequest.newBuilder().setCredit(frames).build().toByteArray();
  }

  private static AudioFrame frame(HttpSocket call) throws Exception {
    StreamFramesResponse response = StreamFramesResponse.parseFrom(call.message());
    assertThat(response.hasFrame()).as(response.toString()).isTrue();
    return response.getFrame();
  }

  @Test
  void listEndsWithNormalClosure() throws Exception {
    HttpSocket call = web.start().open("ListDevices").message(NOTHING);
    ListDevicesResponse devices = ListDevicesResponse.parseFrom(call.message());
    assertThat(devices.getDevicesList()).extracting(Device::getDeviceId).containsExactly("tone");
    assertEnds(call, 1_000, "");
    call.frame(HttpSocket.CLOSE, true, NOTHING);
    assertThat(call.isClosedByServer()).isTrue();
  }

  @Test
  void serverInfoIsThatOfGrpc() throws Exception {
    HttpSocket call = web.start().open("GetServerInfo").message(NOTHING);
    assertThat(GetServerInfoResponse.parseFrom(call.message()).getVersion())
        .isEqualTo("1.2.3-test");
    assertEnds(call, 1_000, "");
  }

  @Test
  void pullSendsAsManyFramesAsCredit() throws Exception {
    HttpSocket call = web.start().open("PullFrames");
    call.message(subscribe("tone", 2).toByteArray());
    assertThat(StreamFramesResponse.parseFrom(call.message()).getStarted().getDeviceId())
        .isEqualTo("tone");
    AudioFrame first = frame(call);
    AudioFrame second = frame(call);
    assertThat(second.getSampleIndex()).isEqualTo(first.getSampleIndex() + 320);
    assertThat(second.hasGap()).isFalse();
    // Without credit, the next message is the pong, and the frames wait.
    call.frame(HttpSocket.PING, true, "there?".getBytes(StandardCharsets.US_ASCII));
    assertThat(call.frame()).isEqualTo(new HttpSocket.Frame(HttpSocket.PONG, "there?"));
    call.message(credit(1)).message(credit(2));
    for (int i = 2; i < 5; i++) {
      assertThat(frame(call).getSampleIndex()).isEqualTo(first.getSampleIndex() + i * 320L);
    }
  }

  @Test
  void closeByPeerCancelsSubscription() throws Exception {
    HttpSocket call = web.start().open("PullFrames");
    call.message(subscribe("tone", 1).toByteArray());
    web.awaitSubscribers(1);
    call.frame(HttpSocket.CLOSE, true, NOTHING);
    assertEnds(call, 1_000, "");
    assertThat(call.isClosedByServer()).isTrue();
    web.awaitSubscribers(0);
  }

  @Test
  void lostConnectionEndsSubscription() throws Exception {
    HttpSocket call = web.start().open("StreamLevels");
    call.message(NOTHING);
    web.awaitSubscribers(1);
    call.close();
    web.awaitSubscribers(0);
  }

  @Test
  void levelsArriveWithoutCredit() throws Exception {
    HttpSocket call = web.start().open("StreamLevels");
    call.message(StreamLevelsRequest.newBuilder().setIntervalMs(20).build().toByteArray());
    assertThat(StreamLevelsResponse.parseFrom(call.message()).hasStarted()).isTrue();
    StreamLevelsResponse levels = StreamLevelsResponse.parseFrom(call.message());
    assertThat(levels.getLevels().getSampleCount()).isEqualTo(320);
  }

  @Test
  void watchReportsListeners() throws Exception {
    HttpSocket watch = web.start().open("WatchDevices").message(NOTHING);
    WatchDevicesResponse snapshot = WatchDevicesResponse.parseFrom(watch.message());
    assertThat(snapshot.getSnapshot().getDevicesList())
        .extracting(Device::getSubscriberCount)
        .containsExactly(0);
    web.open("PullFrames").message(subscribe("tone", 1).toByteArray());
    Device changed = WatchDevicesResponse.parseFrom(watch.message()).getDevice();
    while (changed.getSubscriberCount() != 1) {
      changed = WatchDevicesResponse.parseFrom(watch.message()).getDevice();
    }
    assertThat(changed.getDeviceId()).isEqualTo("tone");
  }

  @Test
  void failureHasCodeAndMessageOfStatus() throws Exception {
    HttpSocket call = web.start().open("PullFrames");
    call.message(subscribe("nowhere", 1).toByteArray());
    assertEnds(call, 4_005, "device_id: nowhere (expected: one of tone)");
  }

  @Test
  void longReasonIsCutAtWholeCharacter() throws Exception {
    HttpSocket call = web.start().open("PullFrames");
    call.message(subscribe("ü".repeat(150), 1).toByteArray());
    HttpSocket.Frame close = call.closeFrame();
    assertThat(close.closeCode()).isEqualTo(4_005);
    assertThat(close.closeReason()).matches("device_id: ü+");
    assertThat(close.bytes().length).isBetween(124, 125);
  }

  @Test
  void fragmentsAreOneMessage() throws Exception {
    HttpSocket call = web.start().open("PullFrames");
    byte[] request = subscribe("tone", 1).toByteArray();
    for (int i = 0; i < request.length; i++) {
      call.frame(
          i == 0 ? HttpSocket.BINARY : HttpSocket.CONTINUATION,
          i == request.length - 1,
          new byte[] {request[i]});
    }
    assertThat(StreamFramesResponse.parseFrom(call.message()).hasStarted()).isTrue();
  }

  @Test
  void callsAndConnectionsAreCounted() throws Exception {
    BlockingQueue<String> events = new LinkedBlockingQueue<>();
    web.start(
        TcpServer.start("16000/1/s16le", HubConfig.DEFAULTS),
        new CallObserver() {
          @Override
          public void onConnected() {
            events.add("connected");
          }

          @Override
          public void onDisconnected() {
            events.add("disconnected");
          }

          @Override
          public void onCallStarted(String method) {
            events.add("started " + method);
          }

          @Override
          public void onCallEnded(String method, String code) {
            events.add("ended " + method + " " + code);
          }
        });
    try (HttpSocket call = web.open("ListDevices")) {
      call.message(NOTHING);
      assertEnds(call, 1_000, "");
    }
    for (String expected :
        new String[] {
          "connected",
          "started lavalier.v1.AudioCapture/ListDevices",
          "ended lavalier.v1.AudioCapture/ListDevices OK",
          "disconnected"
        }) {
      assertThat(events.poll(10, TimeUnit.SECONDS)).isEqualTo(expected);
    }
    web.open("PullFrames").message(new byte[] {-1});
    for (String expected :
        new String[] {
          "connected",
          "started lavalier.v1.AudioCapture/PullFrames",
          "ended lavalier.v1.AudioCapture/PullFrames INVALID_ARGUMENT"
        }) {
      assertThat(events.poll(10, TimeUnit.SECONDS)).isEqualTo(expected);
    }
  }

  @Test
  void stoppingServerEndsCalls() throws Exception {
    HttpSocket idle = web.start().connect();
    assertThat(idle.request("GET", "/").status()).isEqualTo(200);
    HttpSocket waiting = web.open("PullFrames");
    HttpSocket call = web.open("PullFrames");
    call.message(subscribe("tone", 100_000).toByteArray());
    web.awaitSubscribers(1);
    CompletableFuture<Void> closed = CompletableFuture.runAsync(web.server()::close);
    HttpSocket.Frame end = call.closeFrame();
    assertThat(end.closeCode()).isEqualTo(4_014);
    assertThat(end.closeReason()).startsWith("the server is stopping");
    assertThat(waiting.closeFrame().closeCode()).isEqualTo(4_014);
    assertThat(idle.isClosedByServer()).isTrue();
    closed.get(10, TimeUnit.SECONDS);
  }

  /** A client that this project did not write. */
  @Test
  void clientOfJavaPullsFrames() throws Exception {
    web.start();
    BlockingQueue<StreamFramesResponse> received = new LinkedBlockingQueue<>();
    CompletableFuture<Integer> closeCode = new CompletableFuture<>();
    WebSocket call =
        HttpClient.newHttpClient()
            .newWebSocketBuilder()
            .subprotocols(WebFixture.PROTOCOL)
            .connectTimeout(Duration.ofSeconds(10))
            .buildAsync(
                URI.create("ws://localhost:" + web.port() + WebFixture.SERVICE + "PullFrames"),
                new WebSocket.Listener() {
                  @Override
                  public CompletionStage<?> onBinary(
                      WebSocket socket, ByteBuffer data, boolean last) {
                    try {
                      received.add(StreamFramesResponse.parseFrom(data));
                    } catch (java.io.IOException e) {
                      closeCode.completeExceptionally(e);
                    }
                    socket.request(1);
                    return null;
                  }

                  @Override
                  public CompletionStage<?> onClose(WebSocket socket, int code, String reason) {
                    closeCode.complete(code);
                    return null;
                  }
                })
            .get(10, TimeUnit.SECONDS);
    call.sendBinary(ByteBuffer.wrap(subscribe("tone", 2).toByteArray()), true).get();
    assertThat(received.poll(10, TimeUnit.SECONDS).hasStarted()).isTrue();
    assertThat(received.poll(10, TimeUnit.SECONDS).getFrame().getPcm().size()).isEqualTo(640);
    assertThat(received.poll(10, TimeUnit.SECONDS).hasFrame()).isTrue();
    call.sendClose(WebSocket.NORMAL_CLOSURE, "").get();
    assertThat(closeCode.get(10, TimeUnit.SECONDS)).isEqualTo(1_000);
    web.awaitSubscribers(0);
  }
}
