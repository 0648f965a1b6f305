package dev.lavalier.client.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lavalier.client.FrameStream;
import dev.lavalier.client.LavalierClient;
import dev.lavalier.client.StreamOptions;
import dev.lavalier.testing.SlowTest;
import dev.lavalier.testing.SoundServerTest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Subscribes and cancels repeatedly, over TCP. Prints the time from cancel to closed device, which
 * docs/benchmarks.md quotes.
 */
@WaitingTest
final class LifeCycleIT {

  private static final int WARM_UP = 10;

  /** The first frame is not dropped if the machine is busy. */
  private static final Duration LENIENT_LATENCY = Duration.ofSeconds(10);

  /** One connection cancels more often than a normal client does. */
  private static final String[] MANY_RESETS = {"--max-resets", "100000"};

  @Test
  @SlowTest
  void cyclesOfToneLeakNothing() throws Exception {
    try (ServerProcess server = ServerProcess.start(Map.of(), MANY_RESETS)) {
      cycle(server, "tone", 400);
    }
  }

  @Test
  @SoundServerTest
  @Timeout(300) // each of its cycles takes most of a second
  void cyclesOfPulseAudioLeakNothing() throws Exception {
    PulseAudio.assumeInstalled();
    try (PulseAudio pulse = PulseAudio.start();
        ServerProcess server = ServerProcess.start(pulse.environment(), MANY_RESETS)) {
      cycle(server, "default", 25);
    }
  }

  private static void cycle(ServerProcess server, String device, int cycles) throws Exception {
    try (LavalierClient client = server.client()) {
      StreamOptions options =
          StreamOptions.builder().deviceId(device).maxLatency(LENIENT_LATENCY).build();
      for (int i = 0; i < WARM_UP; i++) { // until every pool and connection is created
        subscribeAndCancel(client, options, i % 2 == 0);
      }
      int descriptors = ProcessRunner.count(server.pid(), "fd");
      int threads = ProcessRunner.count(server.pid(), "task");
      List<Long> nanos = new ArrayList<>();
      for (int i = 0; i < cycles; i++) {
        nanos.add(subscribeAndCancel(client, options, i % 2 == 0));
      }
      assertThat(server.threads("lavalier-reader")).isEmpty();
      assertThat(ServerProcess.device(client, device).subscriberCount()).isZero();
      assertThat(ProcessRunner.count(server.pid(), "fd")).isLessThanOrEqualTo(descriptors);
      // The number of workers varies with the load; each leaked cycle would add one.
      assertThat(ProcessRunner.count(server.pid(), "task")).isLessThan(threads + 10);
      nanos.sort(null);
      System.out.printf(
          "cancel to closed device, %s, %d cycles: p50 %.1f ms, p99 %.1f ms, max %.1f ms%n",
          device,
          cycles,
          nanos.get(cycles / 2) / 1e6,
          nanos.get(Math.min(cycles - 1, cycles * 99 / 100)) / 1e6,
          nanos.get(cycles - 1) / 1e6);
    }
  }

  /** Returns the nanoseconds from the cancel until the device is reported as closed. */
  private static long subscribeAndCancel(
      LavalierClient client, StreamOptions options, boolean afterAFrame) throws Exception {
    FrameStream stream = client.stream(options);
    if (afterAFrame) {
      assertThat(stream.read().sampleIndex()).isZero();
    }
    long cancelledAt = System.nanoTime();
    stream.close();
    ServerProcess.awaitClosed(client, options.deviceId());
    return System.nanoTime() - cancelledAt;
  }
}
