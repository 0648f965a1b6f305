package dev.lavalier.client.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lavalier.client.Frame;
import dev.lavalier.client.FrameStream;
import dev.lavalier.client.Gap;
import dev.lavalier.client.LavalierClient;
import dev.lavalier.client.LavalierException;
import dev.lavalier.client.StreamOptions;
import dev.lavalier.testing.SlowTest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/**
 * Ten subscribers over TCP, each on its own connection. One does not read for a while. At 3 MB/s,
 * the buffers between the two programs are full within seconds.
 */
@SlowTest
final class StalledClientIT {

  private static final String FORMAT = "96000/8/s32le";
  private static final int RATE_HZ = 96_000;
  private static final int STALL_SECONDS = 8;
  private static final int AFTER_SECONDS = 2;

  /** For those who read: a busy machine is no reason for a gap. */
  private static final StreamOptions LENIENT_LATENCY =
      StreamOptions.builder().maxLatency(Duration.ofSeconds(10)).build();

  @Test
  void stalledSubscriberGetsExactGapAndOthersMissNothing() throws Exception {
    ExecutorService threads = Executors.newCachedThreadPool();
    try (ServerProcess server =
            ServerProcess.start(Map.of(), "--demo", "--capture-format", FORMAT);
        LavalierClient stalledClient = server.client();
        FrameStream stalled = stalledClient.stream(StreamOptions.defaults())) {
      long first = stalled.read().sampleIndex();
      long stallEnd = first + (long) STALL_SECONDS * RATE_HZ;
      long end = stallEnd + (long) AFTER_SECONDS * RATE_HZ;
      List<Future<Long>> readers = new ArrayList<>();
      for (int i = 0; i < 9; i++) {
        readers.add(threads.submit(countMissing(server, end)));
      }
      // The stalled subscriber resumes when another subscriber has reached that sample.
      threads.submit(countMissing(server, stallEnd)).get(60, TimeUnit.SECONDS);

      long missing = 0;
      long next = first + stalled.start().frameSize();
      while (next < end) {
        Frame frame = stalled.read();
        long gap = frame.gap().map(Gap::sampleCount).orElse(0L);
        missing += gap;
        assertThat(frame.sampleIndex()).isEqualTo(next + gap);
        next = frame.sampleIndex() + stalled.start().frameSize();
      }
      assertThat(missing).isPositive();
      for (Future<Long> each : readers) {
        assertThat(each.get(60, TimeUnit.SECONDS)).isZero();
      }
    } finally {
      threads.shutdownNow();
    }
  }

  /** Reads until sample {@code end}; returns the number of missing samples. */
  private static Callable<Long> countMissing(ServerProcess server, long end) {
    return () -> {
      try (LavalierClient client = server.client();
          FrameStream stream = client.stream(LENIENT_LATENCY)) {
        long missing = 0;
        for (Frame frame = stream.read(); frame.sampleIndex() < end; frame = stream.read()) {
          missing += frame.gap().map(Gap::sampleCount).orElse(0L);
        }
        return missing;
      } catch (LavalierException e) {
        throw new AssertionError(server.log(), e);
      }
    };
  }
}
