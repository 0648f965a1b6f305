package dev.lavalier.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.lavalier.client.LavalierException.Kind;
import io.grpc.Status;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * Tests calls whose server accepts the connection and does not answer. Time passes only while a
 * call waits.
 */
final class SilentServerTest {

  private static final int FRAME_SIZE = 80;
  private static final long SECOND = 1_000_000_000;
  private static final Status GONE = Status.UNAVAILABLE.withDescription("gone");

  @RegisterExtension final FakeServer server = new FakeServer();

  private final List<Double> waits = new ArrayList<>(); // in seconds
  private final List<String> notices = new ArrayList<>();
  private long now = 77 * SECOND;

  private final TimeSource timeSource = new TimeSource(() -> now, this::recordWait, () -> 1);

  private boolean recordWait(CountDownLatch latch, long nanos) {
    if (latch.getCount() == 0) {
      return true;
    }
    waits.add((double) nanos / SECOND);
    now += nanos;
    return false;
  }

  private FrameStream open(Duration reconnect) throws LavalierException {
    return open(StreamOptions.builder().reconnect(reconnect).build());
  }

  private FrameStream open(StreamOptions options) throws LavalierException {
    FrameStream stream = server.client(timeSource).stream(options);
    stream.onNotice(notice -> notices.add(notice.message()));
    return stream;
  }

  private static String silent(String name) {
    return "server: %s (expected: a Lavalier server; it accepted the connection, but did not answer"
        .formatted(name);
  }

  @Test
  void openingEndsInTime() {
    server.thenStaySilent();
    assertThatExceptionOfType(LavalierException.class)
        .isThrownBy(() -> open(Duration.ofMinutes(5)))
        .withMessageMatching(
            "server: \\S+ \\(expected: a Lavalier server; it did not answer in 20 s\\)")
        .satisfies(e -> assertThat(e.kind()).isEqualTo(Kind.UNAVAILABLE));
    assertThat(waits).containsExactly(20.0);
  }

  @Test
  void openTimeoutLimitsOpeningAndEachAttempt() throws Exception {
    server.respondWith(List.of(FakeMessages.started(FRAME_SIZE), frame(0)), GONE);
    server.thenStaySilent();
    StreamOptions options =
        StreamOptions.builder()
            .openTimeout(Duration.ofMillis(500))
            .reconnect(Duration.ofSeconds(1))
            .build();
    try (FrameStream stream = open(options)) {
      stream.read();
      assertUnavailable(stream::read, "it did not answer in 500 ms");
      assertThat(waits).containsExactly(0.25, 0.5, 0.25, 0.5);
    }
    assertUnavailable(() -> open(options), "it did not answer in 500 ms");
    assertThat(waits).containsExactly(0.25, 0.5, 0.25, 0.5, 0.5);
  }

  private static void assertUnavailable(ThrowingCallable call, String reason) {
    assertThatExceptionOfType(LavalierException.class)
        .isThrownBy(call)
        .withMessageEndingWith("(expected: a Lavalier server; %s)".formatted(reason))
        .satisfies(e -> assertThat(e.kind()).isEqualTo(Kind.UNAVAILABLE));
  }

  /** The client asks for the devices first, over a connection of its own. */
  @Test
  void openTimeoutIncludesTheListOfDevices() throws Exception {
    try (ServerSocket socket = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        LavalierClient client = LavalierClient.connect("127.0.0.1:" + socket.getLocalPort())) {
      StreamOptions options = StreamOptions.builder().openTimeout(Duration.ofMillis(300)).build();
      assertUnavailable(() -> client.stream(options), "it did not answer in 300 ms");
      LevelOptions levels = LevelOptions.builder().openTimeout(Duration.ofMillis(300)).build();
      assertUnavailable(() -> client.streamLevels(levels), "it did not answer in 300 ms");
    }
  }

  @Test
  void silentAttemptIsFollowedByOthers() throws Exception {
    server.respondWith(List.of(FakeMessages.started(FRAME_SIZE), frame(0)), GONE);
    server.thenStaySilent();
    server.thenStaySilent();
    server.thenRespondWith(List.of(FakeMessages.started(FRAME_SIZE), frame(4_206)), GONE);
    try (FrameStream stream = open(Duration.ofMinutes(5))) {
      stream.read();
      assertThat(stream.read().gap()).contains(new Gap(336_400, Gap.Cause.NOT_KEPT, false));
      assertThat(waits).containsExactly(0.25, 20.0, 0.5, 20.0, 1.0);
      assertThat(notices)
          .containsExactly(
              "connection lost, reconnecting for at most 300 s: gone",
              "reconnected after 41.8 s, 336400 samples (42.050 s) are missing");
    }
  }

  @Test
  void attemptsEndWithTheTimeForReconnection() throws Exception {
    server.respondWith(List.of(FakeMessages.started(FRAME_SIZE), frame(0)), GONE);
    server.thenStaySilent();
    try (FrameStream stream = open(Duration.ofSeconds(30))) {
      stream.read();
      assertThatExceptionOfType(LavalierException.class)
          .isThrownBy(stream::read)
          .withMessageContaining("it did not answer in 9 s")
          .satisfies(e -> assertThat(e.kind()).isEqualTo(Kind.UNAVAILABLE));
      assertThat(waits).containsExactly(0.25, 20.0, 0.5, 9.25);
      assertThatExceptionOfType(LavalierException.class).isThrownBy(stream::read);
      assertThat(waits).hasSize(4); // the stream has ended
    }
  }

  @Test
  void reconnectionMayBeUnlimited() throws Exception {
    server.respondWith(List.of(FakeMessages.started(FRAME_SIZE), frame(0)), GONE);
    for (int i = 0; i < 100; i++) {
      server.thenStaySilent();
    }
    server.thenRespondWith(List.of(FakeMessages.started(FRAME_SIZE), frame(1)), GONE);
    try (FrameStream stream = open(ChronoUnit.FOREVER.getDuration())) {
      stream.read();
      assertThat(stream.read().sampleIndex()).isEqualTo(FRAME_SIZE);
      assertThat(notices.get(0)).isEqualTo("connection lost, reconnecting: gone");
      assertThat(waits).filteredOn(wait -> wait == 20).hasSize(100);
    }
  }

  /** A real socket: the kernel accepts the connection, and nobody reads from it. */
  @Test
  void socketThatOnlyAcceptsIsReported() throws Exception {
    try (ServerSocket socket = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
      String name = "127.0.0.1:" + socket.getLocalPort();
      StreamOptions options = StreamOptions.builder().format("16000/1/s16le").build();
      try (LavalierClient client =
          LavalierClient.connect(ConnectOptions.builder(name).build(), timeSource)) {
        assertThatExceptionOfType(LavalierException.class)
            .isThrownBy(() -> client.stream(options))
            .withMessage(silent(name) + " in 20 s)")
            .satisfies(e -> assertThat(e.kind()).isEqualTo(Kind.UNAVAILABLE));
        try (DeviceWatch watch = client.watchDevices()) {
          assertThatExceptionOfType(LavalierException.class)
              .isThrownBy(watch::read)
              .withMessage(silent(name) + " in 10 s)");
          assertThatExceptionOfType(LavalierException.class).isThrownBy(watch::read);
        }
      }
    }
  }

  private static dev.lavalier.v1.StreamFramesResponse frame(long number) {
    return FakeMessages.frame(number * FRAME_SIZE, FRAME_SIZE, 0);
  }
}
