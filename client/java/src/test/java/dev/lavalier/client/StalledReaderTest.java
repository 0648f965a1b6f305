package dev.lavalier.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.lavalier.client.LavalierException.Kind;
import dev.lavalier.v1.StreamFramesResponse;
import io.grpc.Status;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Tests a reader that paused for so long that the server ended the stream. */
final class StalledReaderTest {

  private static final Status STALLED =
      Status.RESOURCE_EXHAUSTED.withDescription("no frame was read for 30 s; subscribe again");

  @RegisterExtension final FakeServer server = new FakeServer();

  private final List<Notice> notices = new ArrayList<>();
  private final TimeSource timeSource =
      new TimeSource(() -> 0, (latch, nanos) -> latch.getCount() == 0, () -> 1);

  private FrameStream open(StreamOptions options) throws LavalierException {
    FrameStream stream = server.client(timeSource).stream(options);
    stream.onNotice(notices::add);
    return stream;
  }

  private static List<StreamFramesResponse> frames(long... numbers) {
    List<StreamFramesResponse> messages = new ArrayList<>(List.of(FakeMessages.started(80)));
    for (long number : numbers) {
      messages.add(FakeMessages.frame(80 * number, 80, 0));
    }
    return messages;
  }

  @Test
  void readingResumesAndCountsTheGap() throws Exception {
    server.respondWith(frames(0, 1), STALLED);
    server.thenRespondWith(frames(4_502), Status.UNAVAILABLE);
    try (FrameStream stream = open(StreamOptions.defaults())) {
      stream.read();
      assertThat(stream.read().gap()).isEmpty();
      Frame next = stream.read();
      assertThat(next.sampleIndex()).isEqualTo(80 * 4_502);
      assertThat(next.gap()).contains(new Gap(80 * 4_500, Gap.Cause.SLOW_SUBSCRIBER, false));
      assertThat(server.lastRequest().getResume().getEpoch()).isEqualTo(7);
      assertThat(server.lastRequest().getResume().getSampleIndex()).isEqualTo(160);
      assertThat(notices)
          .containsExactly(
              new Notice(
                  Notice.Kind.RECONNECTING,
                  "the server ended the stream, reconnecting for at most 300 s: no frame was read"
                      + " for 30 s; subscribe again"),
              new Notice(
                  Notice.Kind.RECONNECTED,
                  "reconnected after 0.0 s, 360000 samples (45.000 s) are missing"));
    }
  }

  /** A later loss of the connection is not the reader's fault. */
  @Test
  void causeIsThatOfTheLastLoss() throws Exception {
    server.respondWith(frames(0), STALLED);
    server.thenRespondWith(frames(10), Status.UNAVAILABLE.withDescription("gone"));
    server.thenRespondWith(frames(21), Status.OK);
    try (FrameStream stream = open(StreamOptions.defaults())) {
      stream.read();
      assertThat(stream.read().gap()).contains(new Gap(720, Gap.Cause.SLOW_SUBSCRIBER, false));
      assertThat(stream.read().gap()).contains(new Gap(800, Gap.Cause.NOT_KEPT, false));
    }
  }

  @Test
  void limitEndsStreamThatMustNotLoseFramesOrWasNotServed() throws Exception {
    for (StreamOptions options :
        List.of(
            StreamOptions.builder().reconnect(Duration.ZERO).build(),
            StreamOptions.builder().overflowPolicy(OverflowPolicy.CLOSE).build())) {
      server.respondWith(frames(0), STALLED);
      try (FrameStream stream = open(options)) {
        stream.read();
        assertLimitReached(stream);
      }
    }
    server.respondWith(frames(), STALLED);
    try (FrameStream stream = open(StreamOptions.defaults())) {
      assertLimitReached(stream);
    }
    assertThat(notices).isEmpty();
    assertThat(server.requests()).hasSize(3);
  }

  private static void assertLimitReached(FrameStream stream) {
    assertThatExceptionOfType(LavalierException.class)
        .isThrownBy(stream::read)
        .withMessage("no frame was read for 30 s; subscribe again")
        .satisfies(e -> assertThat(e.kind()).isEqualTo(Kind.LIMIT_REACHED));
  }
}
