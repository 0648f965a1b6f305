package dev.lavalier.client;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lavalier.v1.StreamFramesRequest;
import dev.lavalier.v1.StreamFramesResponse;
import io.grpc.Status;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Tests which queue a reconnection requests. Time passes only while the stream waits. */
final class ReconnectQueueTest {

  private static final int FRAME_SIZE = 80;
  private static final long MS = 1_000_000;
  private static final Status GONE = Status.UNAVAILABLE.withDescription("gone");

  @RegisterExtension final FakeServer server = new FakeServer();

  private final List<Long> backoffsMs = new ArrayList<>();
  private final List<Notice> notices = new ArrayList<>();
  private long now = 77_000_000_000L;

  private final TimeSource timeSource = new TimeSource(() -> now, this::recordBackoff, () -> 1);

  private boolean recordBackoff(CountDownLatch cancelled, long nanos) {
    backoffsMs.add(nanos / MS);
    now += nanos;
    return cancelled.getCount() == 0;
  }

  private FrameStream open(StreamOptions options) throws LavalierException {
    FrameStream stream = server.client(timeSource).stream(options);
    stream.onNotice(notices::add);
    return stream;
  }

  private static StreamFramesResponse frame(long number) {
    return FakeMessages.frame(number * FRAME_SIZE, FRAME_SIZE, 0);
  }

  private static StreamFramesRequest withoutQueue(StreamFramesRequest request) {
    return request.toBuilder().clearMaxLatencyMs().build();
  }

  private List<Integer> requestedQueues() {
    return server.requests().stream().map(StreamFramesRequest::getMaxLatencyMs).toList();
  }

  @Test
  void shorterQueueIsRequestedIfServerRefusesQueue() throws Exception {
    Status refused = Status.RESOURCE_EXHAUSTED.withDescription("memory of streams");
    server.respondWith(List.of(FakeMessages.started(FRAME_SIZE), frame(0)), GONE);
    server.thenRespondWith(List.of(), refused);
    server.thenRespondWith(List.of(), refused);
    server.thenRespondWith(List.of(FakeMessages.started(FRAME_SIZE), frame(1)), GONE);
    server.thenRespondWith(List.of(FakeMessages.started(FRAME_SIZE), frame(2)), GONE);
    try (FrameStream stream =
        open(StreamOptions.builder().maxLatency(Duration.ofMinutes(1)).build())) {
      stream.read();
      assertThat(stream.read().gap()).isEmpty();
      assertThat(requestedQueues()).containsExactly(60_000, 60_000, 15_000, 3_750);
      assertThat(withoutQueue(server.lastRequest()))
          .isEqualTo(withoutQueue(server.requests().get(1)));
      assertThat(backoffsMs).containsExactly(250L); // the server is there
      assertThat(notices.get(1).message())
          .isEqualTo(
              "reconnected after 0.3 s, no samples are missing; the server refused a longer queue"
                  + " than 0.2 s"); // as the started message of this test says
      stream.read();
      assertThat(requestedQueues()).endsWith(60_000); // of the next reconnection
      assertThat(notices.get(3).message())
          .isEqualTo("reconnected after 0.3 s, no samples are missing");
    }
  }

  @Test
  void otherLimitOfServerDoesNotShortenQueueForGood() throws Exception {
    Status refused = Status.RESOURCE_EXHAUSTED.withDescription("subscribers");
    server.respondWith(List.of(FakeMessages.started(FRAME_SIZE), frame(0)), GONE);
    for (int i = 0; i < 5; i++) {
      server.thenRespondWith(List.of(), refused);
    }
    server.thenRespondWith(List.of(FakeMessages.started(FRAME_SIZE), frame(1)), GONE);
    try (FrameStream stream =
        open(StreamOptions.builder().maxLatency(Duration.ofMinutes(1)).build())) {
      stream.read();
      stream.read();
      assertThat(requestedQueues())
          .containsExactly(60_000, 60_000, 15_000, 3_750, 937, 234, 60_000);
      assertThat(backoffsMs).containsExactly(250L, 500L);
    }
  }

  @Test
  void queueIsNotShorterThanServersDefaultOrTwoFrames() throws Exception {
    Status refused = Status.RESOURCE_EXHAUSTED.withDescription("memory of streams");
    for (int frameSize : List.of(FRAME_SIZE, 8_000)) {
      boolean small = frameSize == FRAME_SIZE;
      server.respondWith(
          List.of(FakeMessages.started(frameSize), FakeMessages.frame(0, frameSize, 0)), GONE);
      server.thenRespondWith(List.of(), refused);
      server.thenRespondWith(
          List.of(FakeMessages.started(frameSize), FakeMessages.frame(frameSize, frameSize, 0)),
          GONE);
      int before = server.requests().size();
      Duration queue = small ? Duration.ofMillis(799) : Duration.ofSeconds(7);
      try (FrameStream stream = open(StreamOptions.builder().maxLatency(queue).build())) {
        stream.read();
        stream.read();
      }
      assertThat(requestedQueues().subList(before, server.requests().size()))
          .containsOnly((int) queue.toMillis());
    }
  }
}
