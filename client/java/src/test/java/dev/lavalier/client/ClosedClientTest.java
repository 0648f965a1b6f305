package dev.lavalier.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.lavalier.client.LavalierException.Kind;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
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
              () -> client.stream(OPTIONS))) {
        assertThatExceptionOfType(IllegalStateException.class)
            .isThrownBy(call)
            .withMessage("client: closed (expected: an open client)");
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
    assertCancelled(listing, listing::listDevices);
    LavalierClient opening = unanswered();
    assertCancelled(opening, () -> opening.stream(OPTIONS));
  }

  /** Closes a client when its call has connected to the peer. */
  private void assertCancelled(LavalierClient client, Callable<?> call) throws Exception {
    Future<?> result = other.submit(call);
    Socket connection = silentPeer.accept();
    try {
      client.close();
      assertThatExceptionOfType(ExecutionException.class)
          .isThrownBy(() -> result.get(10, TimeUnit.SECONDS))
          .havingCause()
          .isInstanceOfSatisfying(
              LavalierException.class, e -> assertThat(e.kind()).isEqualTo(Kind.CANCELLED));
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
              () -> client.stream(OPTIONS))) {
        Thread.currentThread().interrupt();
        assertThatExceptionOfType(LavalierException.class)
            .isThrownBy(call)
            .withMessage("the call was interrupted")
            .satisfies(
                e -> {
                  assertThat(e.kind()).isEqualTo(Kind.CANCELLED);
                  assertThat(e.kind().isRetryable()).isFalse();
                });
        assertThat(Thread.interrupted()).isTrue();
      }
    }
  }
}
