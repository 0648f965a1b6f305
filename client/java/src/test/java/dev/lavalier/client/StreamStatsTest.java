package dev.lavalier.client;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lavalier.v1.StreamFramesResponse;
import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Tests the statistics of a stream. Frames are 10 ms long: 80 samples, 160 bytes. */
final class StreamStatsTest {

  private static final long MS = 1_000_000;

  @RegisterExtension final FakeServer server = new FakeServer();

  private final AtomicLong now = new AtomicLong();
  private final TimeSource timeSource =
      new TimeSource(now::get, (latch, nanos) -> latch.getCount() == 0, () -> 1);

  private static List<StreamFramesResponse> messages(StreamFramesResponse... frames) {
    List<StreamFramesResponse> messages = new ArrayList<>(List.of(FakeMessages.started(80)));
    messages.addAll(List.of(frames));
    return messages;
  }

  @Test
  void framesSamplesBytesAndLossesAreCounted() throws Exception {
    server.respondWith(
        messages(
            FakeMessages.frame(0, 80, 0),
            FakeMessages.frame(800, 80, 720), // of the server
            FakeMessages.frame(880, 80, 0)),
        Status.UNAVAILABLE);
    server.thenRespondWith(messages(FakeMessages.frame(1_120, 80, 0)), null);
    try (FrameStream stream = server.client(timeSource).stream(StreamOptions.defaults())) {
      assertThat(stream.stats()).isEqualTo(new StreamStats(0, 0, Map.of(), 0, 0, 0));
      Frame frame = stream.read();
      assertThat(stream.stats()).isEqualTo(new StreamStats(1, 80, Map.of(), 0, 160, 0));
      for (int i = 0; i < 3; i++) {
        frame = stream.read();
      }
      StreamStats stats = stream.stats();
      assertThat(stats)
          .isEqualTo(
              new StreamStats(
                  4,
                  320,
                  Map.of(Gap.Cause.SLOW_SUBSCRIBER, 720L, Gap.Cause.NOT_KEPT, 160L),
                  0,
                  640,
                  1));
      assertThat(stats.samples() + stats.totalLostSamples())
          .isEqualTo(frame.sampleIndex() + frame.sampleCount());
    }
  }

  @Test
  void staleFramesCountAsLostWithTheNextFrame() throws Exception {
    server.keepStreamsOpen();
    ExecutorService opener = Executors.newSingleThreadExecutor();
    try (LavalierClient client = server.client(now::get)) {
      Future<FrameStream> opening = opener.submit(() -> client.stream(StreamOptions.defaults()));
      StreamObserver<StreamFramesResponse> feed = server.awaitStreams(1).get(0);
      feed.onNext(FakeMessages.started(80));
      FrameStream stream = opening.get(10, TimeUnit.SECONDS);
      feed.onNext(FakeMessages.frame(0, 80, 0));
      stream.read();
      now.addAndGet(10 * MS);
      feed.onNext(FakeMessages.frame(80, 80, 0));
      now.addAndGet(201 * MS);
      feed.onNext(FakeMessages.frame(160, 80, 0)); // waited 191 ms on the way
      assertThat(stream.read().sampleIndex()).isEqualTo(160);
      assertThat(stream.stats())
          .isEqualTo(new StreamStats(2, 160, Map.of(Gap.Cause.SLOW_SUBSCRIBER, 80L), 1, 480, 0));
      assertThat(stream.staleFrames()).isEqualTo(1);
    } finally {
      opener.shutdownNow();
    }
  }
}
