package dev.lavalier.grpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.lavalier.hub.HubConfig;
import dev.lavalier.hub.SubscriptionStatus;
import dev.lavalier.testing.ManualTimeSource;
import dev.lavalier.testing.RawHttp2Client;
import dev.lavalier.testing.RawHttp2Client.Frame;
import dev.lavalier.testing.TcpServer;
import dev.lavalier.v1.AudioFrame;
import dev.lavalier.v1.Gap;
import dev.lavalier.v1.GapCause;
import dev.lavalier.v1.StreamFramesResponse;
import java.io.EOFException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Tests frames that are sent directly beside those that gRPC sends, with clients of raw HTTP/2. */
final class DirectFramesTest {

  private static final int LARGE = 1 << 30;
  private static final int FRAME = 160; // samples: 10 ms

  private TcpServer server;
  private RawHttp2Client client;
  private RawSubscriber subscriber;

  private void start(String format) throws IOException {
    server = TcpServer.start(format, HubConfig.DEFAULTS);
  }

  private void connect(int initialWindow) throws IOException {
    use(RawHttp2Client.connect(server.port(), initialWindow));
  }

  private void use(RawHttp2Client connected) {
    client = connected;
    subscriber = new RawSubscriber(connected);
  }

  @AfterEach
  void stop() throws IOException {
    if (client != null) {
      client.close();
    }
    if (server != null) {
      server.close();
    }
  }

  private void awaitSubscriptions(int count) {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
    while (server.hub().subscriptions().size() != count) {
      assertThat(System.nanoTime()).isLessThan(end);
      Thread.onSpinWait();
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void countersAreTheSameOnBothPaths(boolean directFrames) throws Exception {
    server =
        directFrames
            ? TcpServer.start("16000/1/s16le", HubConfig.DEFAULTS)
            : TcpServer.startWithoutDirectFrames("16000/1/s16le", HubConfig.DEFAULTS);
    connect(LARGE);
    subscriber.pull(1, FRAME, 20);
    client.readMessage(1); // started
    int bytes = 0;
    for (int i = 0; i < 20; i++) {
      byte[] message = client.readMessage(1);
      StreamFramesResponse.Builder response = StreamFramesResponse.parseFrom(message).toBuilder();
      assertThat(response.hasFrame()).isTrue();
      response.getFrameBuilder().clearGap(); // a busy machine can lose samples; no gap is counted
      bytes += response.build().getSerializedSize();
    }
    List<SubscriptionStatus> status = server.hub().subscriptions();
    assertThat(status).singleElement().extracting(SubscriptionStatus::frames).isEqualTo(20L);
    assertThat(status.get(0).bytes()).isEqualTo(bytes);
    // A frame takes the ordinary path while bytes of another one wait for the socket.
    assertThat(server.directMessages()).isBetween(directFrames ? 10L : 0, directFrames ? 20L : 0);
  }

  /** A client that measures the bandwidth sends the next ping only when the last is answered. */
  @Test
  void pingAfterEachFrameIsAllowed() throws Exception {
    start("16000/1/s16le");
    connect(LARGE);
    subscriber.stream(1, FRAME);
    for (int i = 0; i < 20; i++) {
      client.readUntil(RawHttp2Client.DATA, false);
      client.ping();
      client.readUntil(RawHttp2Client.PING, true);
    }
    subscriber.assertInOrder(1, FRAME, 30);
    assertThat(server.directMessages()).isPositive();
  }

  @ParameterizedTest
  @CsvSource({"700, 700", "700, 100", "300, 300", "300, 50"})
  void smallWindowsAreNeverExceeded(int window, int grant) throws Exception {
    start("16000/1/s16le");
    connect(window);
    subscriber.assertWindowsAreKept(window, grant);
  }

  /** The windows have room for four frames. The peer grants no more for a second. */
  @Test
  void peerThatPausesGetsOneGapOfTheRightLength() throws Exception {
    ManualTimeSource time = new ManualTimeSource();
    server = TcpServer.start("16000/1/s16le", HubConfig.DEFAULTS, time, 0);
    connect(1_500);
    subscriber.stream(1, FRAME);
    for (int i = 0; i < 110; i++) { // after each step, the event loop finds the windows full
      time.advance(Duration.ofMillis(10), 1);
      client.awaitProcessed();
    }
    client.grant(1, LARGE);

    List<Gap> gaps = new ArrayList<>();
    long next = 0;
    while (next < 17_000) { // the frames of the last 200 ms have not expired
      AudioFrame frame = subscriber.readFrame(1);
      assertThat(frame.getSampleIndex()).isEqualTo(next + RawSubscriber.lost(frame));
      next = frame.getSampleIndex() + FRAME;
      if (frame.hasGap()) {
        gaps.add(frame.getGap());
      }
    }
    assertThat(gaps)
        .singleElement()
        .satisfies(
            gap -> {
              assertThat(gap.getCause()).isEqualTo(GapCause.GAP_CAUSE_SLOW_SUBSCRIBER);
              assertThat(gap.getSampleCount()).isBetween(13_000L, 14_500L);
              assertThat(server.hub().subscriptions().get(0).samplesLost())
                  .isEqualTo(gap.getSampleCount());
            });
    assertThat(server.directMessages()).isGreaterThan(10);
  }

  /** gRPC sends them, in several DATA frames. */
  @Test
  void frameLargerThanDataFrameTakesTheOrdinaryPath() throws Exception {
    start("96000/8/s32le");
    connect(LARGE);
    client.grant(0, LARGE);
    subscriber.stream(1, 960);
    for (int i = 0; i < 10; i++) {
      assertThat(subscriber.readFrame(1).getPcm().size()).isEqualTo(960 * 8 * 4);
    }
    assertThat(server.directMessages()).isZero();
  }

  /** Several of them come with each period; gRPC sends them together. */
  @Test
  void shortFramesTakeTheOrdinaryPath() throws Exception {
    start("16000/1/s16le");
    connect(LARGE);
    subscriber.stream(1, 79);
    subscriber.assertInOrder(1, 79, 20);
    assertThat(server.directMessages()).isZero();

    subscriber.stream(3, 80);
    subscriber.assertInOrder(3, 80, 20);
    assertThat(server.directMessages()).isPositive();
  }

  @Test
  void callsOverOneConnectionGetTheirOwnFrames() throws Exception {
    start("16000/1/s16le");
    connect(LARGE);
    int calls = 8;
    List<Frame> frames = new ArrayList<>();
    for (int i = 0; i < calls; i++) { // all headers first
      frames.add(RawHttp2Client.headers(2 * i + 1, "StreamFrames"));
    }
    for (int i = 0; i < calls; i++) {
      frames.add(RawSubscriber.streamRequest(2 * i + 1, FRAME + 16 * i));
    }
    client.send(frames.toArray(Frame[]::new));

    for (int i = 0; i < calls; i++) {
      subscriber.assertInOrder(2 * i + 1, FRAME + 16 * i, 10);
    }
    assertThat(server.directMessages()).isGreaterThan(10);
  }

  @Test
  void resetEndsOnlyItsCall() throws Exception {
    start("16000/1/s16le");
    connect(LARGE);
    subscriber.stream(1, FRAME);
    subscriber.stream(3, FRAME);
    subscriber.readFrame(1);
    subscriber.readFrame(3);

    client.reset(1);

    awaitSubscriptions(1);
    subscriber.assertInOrder(3, FRAME, 10);
  }

  /** As before, the server closes the connection of a client that closes its side. */
  @Test
  void halfClosedConnectionIsClosed() throws Exception {
    start("16000/1/s16le");
    Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.port());
    use(RawHttp2Client.over(socket, LARGE));
    subscriber.stream(1, FRAME);
    subscriber.readFrame(1);

    socket.shutdownOutput();

    assertThatExceptionOfType(EOFException.class)
        .isThrownBy(
            () -> {
              while (true) {
                client.read();
              }
            });
    awaitSubscriptions(0);
  }

  @Test
  void shutdownSendsGoAwayAndTrailersAfterTheLastFrame() throws Exception {
    start("16000/1/s16le");
    connect(LARGE);
    subscriber.stream(1, FRAME);
    subscriber.readFrame(1);
    Thread stopping = new Thread(server::close);
    stopping.start();

    boolean goAway = false;
    boolean ended = false;
    try {
      while (true) {
        Frame frame = client.read();
        goAway |= frame.type() == RawHttp2Client.GOAWAY;
        assertThat(ended && frame.stream() == 1).as("after the trailers: %s", frame).isFalse();
        ended |= frame.stream() == 1 && frame.endsStream();
        if (frame.type() == RawHttp2Client.PING && !frame.isAck()) {
          client.send(new Frame(RawHttp2Client.PING, 1, 0, frame.payload()));
        }
      }
    } catch (EOFException e) {
      // the server has closed the connection
    }
    stopping.join();

    assertThat(goAway).isTrue();
    assertThat(ended).isTrue();
    assertThat(server.directMessages()).isPositive();
    server = null; // it is closed
  }
}
