package dev.lavalier.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lavalier.hub.HubConfig;
import dev.lavalier.hub.SubscriberLimits;
import dev.lavalier.testing.SlowTest;
import dev.lavalier.testing.TcpServer;
import dev.lavalier.testing.TestSubscriber;
import dev.lavalier.v1.AudioFrame;
import dev.lavalier.v1.StreamFramesRequest;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/**
 * One client opens ten thousand streams over four connections. An earlier subscriber continues to
 * receive. Its latency limit is high, because client and server share this process and a small
 * machine.
 */
@SlowTest
final class ManyStreamsTest {

  private static final int LIMIT = 200;
  private static final int STREAMS = 10_000;
  private static final int CONNECTIONS = 4;
  private static final long HEAP_GROWTH_BYTES = 48L << 20;
  private static final StreamFramesRequest TONE =
      StreamFramesRequest.newBuilder().setFrameSize(320).setMaxLatencyMs(10_000).build();

  @Test
  void streamsBeyondLimitAreRejectedAndOthersMissNothing() throws Exception {
    List<ManagedChannel> channels = new ArrayList<>();
    try (TcpServer server =
        TcpServer.start(
            "16000/1/s16le",
            new HubConfig(SubscriberLimits.total(LIMIT), Duration.ofSeconds(60)))) {
      try {
        for (int i = 0; i <= CONNECTIONS; i++) {
          channels.add(server.newChannel());
        }
        TestSubscriber listener = TestSubscriber.subscribe(channels.get(CONNECTIONS), TONE);
        listener.requestAll().nextStarted();
        long next = listener.nextFrame().getSampleIndex() + 320;
        long before = usedBytes();

        List<TestSubscriber> streams = new ArrayList<>();
        for (int i = 0; i < STREAMS; i++) {
          TestSubscriber stream = TestSubscriber.subscribe(channels.get(i % CONNECTIONS), TONE);
          streams.add(
              i % 2 == 0 ? stream.requestAll() : stream); // every other stream reads nothing
        }
        List<TestSubscriber> taken = new ArrayList<>();
        for (TestSubscriber stream : streams) {
          awaitAnswer(stream, taken);
        }
        assertThat(taken).hasSize(LIMIT - 1);
        streams.clear();
        next = assertNothingMissing(listener, next, 100);
        assertThat(usedBytes() - before).isLessThan(HEAP_GROWTH_BYTES);

        taken.forEach(TestSubscriber::cancel);
        assertThat(awaitSubscribers(server, 1)).isEqualTo(1);
        TestSubscriber late = TestSubscriber.subscribe(channels.get(0), TONE).requestAll();
        late.nextStarted();
        assertNothingMissing(listener, next, 50);
      } finally {
        for (ManagedChannel channel : channels) {
          channel.shutdownNow().awaitTermination(5, TimeUnit.SECONDS);
        }
      }
    }
  }

  private static void awaitAnswer(TestSubscriber stream, List<TestSubscriber> taken)
      throws Exception {
    Status refusal = stream.request(1).awaitStartOrStatus();
    if (refusal == null) {
      taken.add(stream);
    } else {
      assertThat(refusal.getCode()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
      assertThat(refusal.getDescription())
          .startsWith("subscribers: the limit of " + LIMIT + " is reached");
    }
  }

  private static long assertNothingMissing(TestSubscriber listener, long next, int atLeast)
      throws Exception {
    // All frames that have arrived, and at least the requested number.
    int count = Math.max(atLeast, listener.waiting());
    for (AudioFrame frame : listener.nextFrames(count)) {
      assertThat(frame.hasGap()).isFalse();
      assertThat(frame.getSampleIndex()).isEqualTo(next);
      next += 320;
    }
    return next;
  }

  private static int awaitSubscribers(TcpServer server, int count) {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
    int seen = server.hub().devices().get(0).subscriberCount();
    while (seen != count && System.nanoTime() < end) {
      Thread.onSpinWait();
      seen = server.hub().devices().get(0).subscriberCount();
    }
    return seen;
  }

  private static long usedBytes() {
    System.gc();
    Runtime runtime = Runtime.getRuntime();
    return runtime.totalMemory() - runtime.freeMemory();
  }
}
