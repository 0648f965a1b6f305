package dev.lavalier.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.lavalier.client.LavalierException.Kind;
import dev.lavalier.v1.WatchDevicesResponse;
import io.grpc.Status;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Tests calls of a client that is closed, and calls that are interrupted. */
final class ClosedClientTest {

  private static final StreamOptions OPTIONS =
      StreamOptions.builder().format("16000/1/s16le").build();

  @RegisterExtension final FakeServer server = new FakeServer();

  private final ExecutorService other = Executors.newSingleThreadExecutor();
  private ServerSocket silentPeer;

  @BeforeEach
  void startSilentPeer() throws Exception {
    silentPeer = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
  }

  @AfterEach
  void stop() throws Exception {
    silentPeer.close();
    other.shutdownNow();
  }

  private LavalierClient unanswered() {
    return LavalierClient.connect("127.0.0.1:" + silentPeer.getLocalPort());
  }

  @Test
  void closedClientRejectsEachCall() {
    for (LavalierClient client : List.of(server.client(), unanswered())) {
      client.close();
      client.close();
      for (ThrowingCallable call :
          List.<ThrowingCallable>of(
              client::listDevices,
              client::serverInfo,
              () -> client.listSubscriptions(""),
              client::watchDevices,
              () -> client.stream(OPTIONS),
              () -> client.stream(StreamOptions.defaults()),
              () -> client.streamLevels(LevelOptions.defaults()))) {
        assertThatExceptionOfType(LavalierException.class)
            .isThrownBy(call)
            .withMessage("client: closed (expected: an open client)")
            .satisfies(e -> assertThat(e.kind()).isEqualTo(Kind.CLOSED));
      }
    }
  }

  @Test
  void closeEndsWatch() throws Exception {
    LavalierClient client = unanswered();
    DeviceWatch watch = client.watchDevices();
    Future<List<Device>> reading = other.submit(watch::read);
    client.close();
    assertThat(reading.get(10, TimeUnit.SECONDS)).isNull();
    assertThat(watch.read()).isNull();
  }

  @Test
  void closeEndsCallsInProgress() throws Exception {
    LavalierClient listing = unanswered();
    assertClosed(listing, listing::listDevices);
    LavalierClient opening = unanswered();
    assertClosed(opening, () -> opening.stream(OPTIONS));
    LavalierClient openingLevels = unanswered();
    assertClosed(openingLevels, () -> openingLevels.streamLevels(LevelOptions.defaults()));
  }

  /** Closes a client when its call has connected to the peer. */
  private void assertClosed(LavalierClient client, Callable<?> call) throws Exception {
    Future<?> result = other.submit(call);
    Socket connection = silentPeer.accept();
    try {
      client.close();
      assertThatExceptionOfType(ExecutionException.class)
          .isThrownBy(() -> result.get(10, TimeUnit.SECONDS))
          .havingCause()
          .isInstanceOfSatisfying(
              LavalierException.class, e -> assertThat(e.kind()).isEqualTo(Kind.CLOSED));
    } finally {
      connection.close();
    }
  }

  @Test
  void interruptIsNoFailureOfTheServer() {
    try (LavalierClient client = unanswered()) {
      for (ThrowingCallable call :
          List.<ThrowingCallable>of(
              client::listDevices,
              client::serverInfo,
              () -> client.listSubscriptions(""),
              () -> client.stream(StreamOptions.defaults()),
              () -> client.stream(OPTIONS),
              () -> client.streamLevels(LevelOptions.defaults()))) {
        Thread.currentThread().interrupt();
        assertInterrupted(call);
      }
    }
  }

  private static void assertInterrupted(ThrowingCallable call) {
    assertThatExceptionOfType(LavalierException.class)
        .isThrownBy(call)
        .withMessage("the call was interrupted")
        .satisfies(
            e -> {
              assertThat(e.kind()).isEqualTo(Kind.INTERRUPTED);
              assertThat(e.kind().isRetryable()).isFalse();
            });
    assertThat(Thread.interrupted()).isTrue();
  }

  @Test
  void interruptEndsWaitForReconnection() throws Exception {
    server.respondWith(
        List.of(FakeMessages.started(80), FakeMessages.frame(0, 80, 0)),
        Status.UNAVAILABLE.withDescription("gone"));
    server.setDeviceChanges(
        List.of(WatchDevicesResponse.newBuilder().setRemovedDeviceId("mic").build()));
    LavalierClient client = server.client();
    try (FrameStream stream = client.stream(StreamOptions.defaults());
        DeviceWatch watch = client.watchDevices(Duration.ofMinutes(5))) {
      stream.read();
      stream.onNotice(notice -> Thread.currentThread().interrupt());
      assertInterrupted(stream::read);
      assertThat(stream.read()).isNull();
      watch.read();
      watch.onNotice(notice -> Thread.currentThread().interrupt());
      assertInterrupted(watch::read);
      assertThat(watch.read()).isNull();
    }
  }

  @Test
  void streamThatWasClosedBeforeTheInterruptReturnsNull() throws Exception {
    server.keepStreamsOpen();
    LavalierClient client = server.client();
    Future<FrameStream> opening = other.submit(() -> client.stream(StreamOptions.defaults()));
    server.awaitStreams(1).get(0).onNext(FakeMessages.started(80));
    FrameStream stream = opening.get(20, TimeUnit.SECONDS);
    stream.close();
    Thread.currentThread().interrupt();
    assertThat(stream.read()).isNull();
    assertThat(Thread.interrupted()).isTrue();
  }

  /** Otherwise, the client keeps it. */
  @Test
  void interruptedReadReportsTheCloseToTheClient() throws Exception {
    server.respondWith(List.of(FakeMessages.started(80)), null);
    server.keepWatchesOpen();
    TimeSource timeSource = TimeSource.system();
    Endpoint endpoint = new Endpoint("fake");
    List<Object> closed = new ArrayList<>();
    FrameStream.Owner owner =
        new FrameStream.Owner() {
          @Override
          public void opening(FrameStream stream) {}

          @Override
          public void closed(FrameStream stream) {
            closed.add(stream);
          }

          @Override
          public void connectionChanged(FrameStream stream, ConnectionState state) {}
        };
    FrameStream frames =
        FrameStream.open(
            () -> new Connection(server.channel(), () -> {}),
            endpoint,
            StreamOptions.defaults(),
            timeSource,
            TimeUnit.SECONDS.toNanos(20),
            owner);
    LevelStream levels =
        new LevelStream(
            server.channel(),
            endpoint,
            LevelOptions.defaults(),
            timeSource,
            TimeUnit.SECONDS.toNanos(20),
            () -> {},
            closed::add);
    DeviceWatch watch =
        new DeviceWatch(
            server.channel(), endpoint, timeSource, Duration.ZERO, () -> {}, closed::add);
    for (ThrowingCallable read :
        List.<ThrowingCallable>of(frames::read, levels::read, watch::read)) {
      Thread.currentThread().interrupt();
      assertThatExceptionOfType(LavalierException.class)
          .isThrownBy(read)
          .satisfies(e -> assertThat(e.kind()).isEqualTo(Kind.INTERRUPTED));
      assertThat(Thread.interrupted()).isTrue();
    }
    assertThat(closed).containsExactly(frames, levels, watch);
  }
}
