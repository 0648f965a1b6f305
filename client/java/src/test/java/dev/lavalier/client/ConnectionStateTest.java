package dev.lavalier.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import dev.lavalier.v1.StreamFramesResponse;
import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Tests what a listener for connections gets. */
final class ConnectionStateTest {

  private static final Status GONE = Status.UNAVAILABLE.withDescription("gone");

  @RegisterExtension final FakeServer server = new FakeServer();

  private final List<ConnectionState> states = new ArrayList<>();
  private final TimeSource timeSource =
      new TimeSource(() -> 0, (latch, nanos) -> latch.getCount() == 0, () -> 1);

  private LavalierClient client() {
    return listening(server.client(timeSource));
  }

  private LavalierClient listening(LavalierClient client) {
    client.onConnectionState((stream, state) -> states.add(state));
    return client;
  }

  private static List<StreamFramesResponse> oneFrame() {
    return List.of(FakeMessages.started(80), FakeMessages.frame(0, 80, 0));
  }

  @Test
  void reconnectionIsReported() throws Exception {
    server.respondWith(oneFrame(), GONE);
    server.thenRespondWith(List.of(), GONE);
    server.thenRespondWith(oneFrame(), null);
    FrameStream stream = client().stream(StreamOptions.defaults());
    assertThat(states)
        .startsWith(ConnectionState.CONNECTING)
        .endsWith(ConnectionState.DISCONNECTED);
    states.clear();
    stream.read();
    stream.read();
    assertThat(states)
        .containsExactly(
            ConnectionState.CONNECTING, // the second, which fails
            ConnectionState.DISCONNECTED,
            ConnectionState.CONNECTING,
            ConnectionState.READY);
    assertThat(stream.connectionState()).isEqualTo(ConnectionState.READY);
    stream.close();
    stream.close();
    assertThat(states).hasSize(5).endsWith(ConnectionState.CLOSED);
    assertThat(stream.connectionState()).isEqualTo(ConnectionState.CLOSED);
  }

  @Test
  void lossIsReportedIfNobodyReads() throws Exception {
    server.keepStreamsOpen();
    ExecutorService opener = Executors.newSingleThreadExecutor();
    try (LavalierClient client = listening(server.client())) {
      var opening = opener.submit(() -> client.stream(StreamOptions.defaults()));
      StreamObserver<StreamFramesResponse> feed = server.awaitStreams(1).get(0);
      feed.onNext(FakeMessages.started(80));
      FrameStream stream = opening.get(10, TimeUnit.SECONDS);
      assertThat(states).containsExactly(ConnectionState.CONNECTING, ConnectionState.READY);
      feed.onError(GONE.asRuntimeException());
      assertThat(stream.connectionState()).isEqualTo(ConnectionState.DISCONNECTED);
      assertThat(states).hasSize(3).endsWith(ConnectionState.DISCONNECTED);
    } finally {
      opener.shutdownNow();
    }
    assertThat(states).hasSize(4).endsWith(ConnectionState.CLOSED); // with the client
  }

  @Test
  void endOfStreamIsClosed() throws Exception {
    server.respondWith(oneFrame(), Status.INTERNAL.withDescription("no"));
    FrameStream stream = client().stream(StreamOptions.defaults());
    stream.read();
    assertThat(stream.connectionState()).isEqualTo(ConnectionState.DISCONNECTED);
    assertThatExceptionOfType(LavalierException.class).isThrownBy(stream::read);
    assertThat(stream.connectionState()).isEqualTo(ConnectionState.CLOSED);
    stream.close();
    assertThat(states).containsOnlyOnce(ConnectionState.CLOSED);
  }

  @Test
  void failedOpeningIsReported() {
    server.respondWith(List.of(), GONE);
    LavalierClient client = client();
    assertThatExceptionOfType(LavalierException.class)
        .isThrownBy(() -> client.stream(StreamOptions.defaults()));
    assertThat(states)
        .containsExactly(
            ConnectionState.CONNECTING, ConnectionState.DISCONNECTED, ConnectionState.CLOSED);
  }

  @Test
  void startIsAvailableWhenReady() throws Exception {
    server.respondWith(oneFrame(), null);
    LavalierClient client = server.client(timeSource);
    List<String> devices = new ArrayList<>();
    client.onConnectionState(
        (stream, state) -> {
          if (state == ConnectionState.CONNECTING) {
            assertThatIllegalStateException().isThrownBy(stream::start);
          } else {
            devices.add(stream.start().deviceId());
          }
        });
    client.stream(StreamOptions.defaults()).close();
    assertThat(devices).containsExactly("fake", "fake"); // READY, CLOSED
  }

  @Test
  void listenerMayThrowAndClose() throws Exception {
    server.respondWith(oneFrame(), null);
    LavalierClient client = server.client(timeSource);
    client.onConnectionState(
        (stream, state) -> {
          states.add(state);
          if (state == ConnectionState.READY) {
            stream.close();
          }
          throw new IllegalStateException("a bug of the program");
        });
    List<Throwable> uncaught = new ArrayList<>();
    Thread thread = Thread.currentThread();
    thread.setUncaughtExceptionHandler((in, error) -> uncaught.add(error));
    try {
      FrameStream stream = client.stream(StreamOptions.defaults());
      assertThat(stream.read()).isNull();
    } finally {
      thread.setUncaughtExceptionHandler(null);
    }
    assertThat(states)
        .containsExactly(ConnectionState.CONNECTING, ConnectionState.READY, ConnectionState.CLOSED);
    assertThat(uncaught).hasSize(3);
  }
}
