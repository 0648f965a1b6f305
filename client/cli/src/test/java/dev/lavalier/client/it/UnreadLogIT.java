package dev.lavalier.client.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lavalier.client.Frame;
import dev.lavalier.client.FrameStream;
import dev.lavalier.client.LavalierClient;
import dev.lavalier.client.StreamOptions;
import dev.lavalier.testing.SlowTest;
import dev.lavalier.v1.AudioCaptureGrpc;
import dev.lavalier.v1.StreamFramesRequest;
import io.grpc.Context;
import io.grpc.Context.CancellableContext;
import io.grpc.ManagedChannel;
import io.grpc.netty.NettyChannelBuilder;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/**
 * Tests a server whose log nobody reads: its standard error is a pipe that is soon full. It serves
 * everybody as before, and stops in time.
 */
@SlowTest
@WaitingTest
final class UnreadLogIT {

  private static final long MAX_STOP_MILLIS = 5_000;

  /** Each makes two audit lines of about 200 bytes; a pipe holds 64 KiB. */
  private static final int CYCLES = 400;

  private static final StreamOptions TONE =
      StreamOptions.builder().deviceId("tone").maxLatency(Duration.ofSeconds(10)).build();

  @Test
  void fullPipeStopsNeitherStreamsNorServer() throws Exception {
    ExecutorService listener = Executors.newSingleThreadExecutor();
    try (ServerProcess server = ServerProcess.startWithUnreadLog(Map.of());
        LavalierClient client = server.client();
        FrameStream stream = client.stream(TONE.toBuilder().reconnect(Duration.ZERO).build())) {
      CountDownLatch cyclesDone = new CountDownLatch(1);
      Future<Long> heard = listener.submit(() -> readUntilSecondAfter(cyclesDone, stream));
      ManagedChannel channel =
          NettyChannelBuilder.forTarget(server.address()).usePlaintext().build();
      try {
        for (int k = 0; k < CYCLES; k++) {
          subscribeAndCancel(channel);
        }
        cyclesDone.countDown();
        assertThat(heard.get(20, TimeUnit.SECONDS)).isGreaterThan(48_000);

        long stopRequestedAt = System.nanoTime();
        server.requestStop();
        assertThat(server.awaitExit()).isZero();
        assertThat(TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - stopRequestedAt))
            .isLessThan(MAX_STOP_MILLIS);
      } finally {
        channel.shutdownNow();
      }
    } finally {
      listener.shutdownNow();
    }
  }

  private static void subscribeAndCancel(ManagedChannel channel) {
    CancellableContext context = Context.current().withCancellation();
    context.run(
        () ->
            assertThat(
                    AudioCaptureGrpc.newBlockingStub(channel)
                        .withDeadlineAfter(10, TimeUnit.SECONDS)
                        .streamFrames(StreamFramesRequest.newBuilder().setDeviceId("tone").build())
                        .next()
                        .hasStarted())
                .isTrue());
    context.cancel(null);
  }

  /**
   * Reads until one second after a moment. Asserts that no sample is missing. Returns the number of
   * samples.
   */
  private static long readUntilSecondAfter(CountDownLatch moment, FrameStream stream)
      throws Exception {
    long first = stream.read().sampleIndex();
    long next = first + 960;
    long end = Long.MAX_VALUE;
    while (next < end) {
      Frame frame = stream.read();
      assertThat(frame.sampleIndex()).isEqualTo(next);
      next += 960;
      if (end == Long.MAX_VALUE && moment.getCount() == 0) {
        end = next + 48_000;
      }
    }
    return next - first;
  }
}
