package dev.lavalier.client.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.lavalier.client.StreamOptions;
import dev.lavalier.testing.HttpSocket;
import dev.lavalier.testing.HttpSocket.Frame;
import dev.lavalier.testing.SlowTest;
import dev.lavalier.v1.PullFramesRequest;
import dev.lavalier.v1.StreamFramesRequest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

/**
 * Opens 10,000 WebSockets, which then subscribe, beside one normal subscriber. As many as the limit
 * permits are served, all others get the same line, and the subscriber misses no sample. Prints the
 * values that docs/internals/hardening.md quotes.
 */
@SlowTest
final class ManyWebSocketsIT {

  private static final int SOCKETS = 10_000;
  private static final int OTHERS = 100; // for the subscriber, and beyond the limit
  private static final int MAX_SUBSCRIBERS = 2_000; // the default

  /** {@code -Xmx}, a quarter of it, 16 KiB for each connection, and the JVM: limits.md. */
  private static final long MAX_RESIDENT_BYTES = (256L + 64 + 158 + 128) << 20;

  private static final byte[] SUBSCRIBE =
      PullFramesRequest.newBuilder()
          .setSubscribe(StreamFramesRequest.getDefaultInstance())
          .build()
          .toByteArray();

  /** Large, because all sockets share this machine with the server, and it may be small. */
  private static final Duration LENIENT_LATENCY = Duration.ofSeconds(20);

  private static <T> List<T> forEach(List<Callable<T>> tasks) throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(4);
    try {
      List<T> results = new ArrayList<>();
      for (Future<T> each : threads.invokeAll(tasks)) {
        results.add(each.get());
      }
      return results;
    } finally {
      threads.shutdownNow();
    }
  }

  /** Returns the first answer to a subscription: empty, or the line of a refusal. */
  private static String subscribe(HttpSocket socket) throws IOException {
    Frame first = socket.message(SUBSCRIBE).frame();
    return first.opcode() == HttpSocket.CLOSE ? first.closeCode() + " " + first.closeReason() : "";
  }

  @Test
  void socketsBeyondTheLimitGetTheSameLine() throws Exception {
    assumeTrue(Files.isDirectory(Path.of("/proc/self/fd")), "there is no /proc");
    try (ServerProcess server =
            ServerProcess.start(
                Map.of("JDK_JAVA_OPTIONS", "-Xmx256m"),
                "--demo",
                "--capture-format",
                "16000/1/s16le",
                "--web-port",
                "0",
                "--max-connections",
                Integer.toString(SOCKETS + OTHERS),
                "--handshake-timeout-s", // all sockets are open before the first one subscribes
                "60",
                "--keepalive-s",
                "60");
        StreamRecorder recorder =
            new StreamRecorder(
                server, StreamOptions.builder().maxLatency(LENIENT_LATENCY).build())) {
      recorder.awaitFrames(50);
      int descriptors = ProcessRunner.count(server.pid(), "fd");
      double cpuSeconds = server.cpuSeconds();
      int port = server.webPort();
      long startedAt = System.nanoTime();
      Callable<HttpSocket> open = () -> HttpSocket.call(port, "PullFrames");
      List<HttpSocket> sockets = forEach(Collections.nCopies(SOCKETS, open));
      for (int i = 0; i < OTHERS; i++) {
        sockets.add(new HttpSocket(port));
      }
      assertThat(sockets.get(sockets.size() - 1).isClosedByServer()).isTrue();
      assertThat(ProcessRunner.count(server.pid(), "fd"))
          .isGreaterThanOrEqualTo(descriptors + SOCKETS);
      double openSeconds = (System.nanoTime() - startedAt) / 1e9;
      List<String> answers =
          forEach(
              sockets.subList(0, SOCKETS).stream()
                  .<Callable<String>>map(each -> () -> subscribe(each))
                  .toList());
      assertThat(answers).filteredOn(String::isEmpty).hasSize(MAX_SUBSCRIBERS - 1);
      assertThat(answers.stream().filter(each -> !each.isEmpty()).distinct())
          .containsExactly(
              "4008 subscribers of tone: the limit of 2000 is reached (max-subscribers-per-device);"
                  + " close a stream or try again later");
      for (HttpSocket each : sockets) {
        each.close();
      }
      double seconds = (System.nanoTime() - startedAt) / 1e9;
      while (ProcessRunner.count(server.pid(), "fd") > descriptors) {
        assertThat((System.nanoTime() - startedAt) / 1e9).isLessThan(seconds + 30);
        recorder.awaitFrames(5);
      }
      recorder.awaitFrames(50);
      System.out.printf(
          "%d WebSockets: open after %.1f s, answered after %.1f s, %d MiB resident at most,"
              + " %.1f s of a processor, %d lines in the log%n",
          SOCKETS,
          openSeconds,
          seconds,
          server.maxResidentBytes() >> 20,
          server.cpuSeconds() - cpuSeconds,
          server.logLines().size());
      assertThat(recorder.gaps()).isEmpty();
      assertThat(server.maxResidentBytes()).isLessThan(MAX_RESIDENT_BYTES);
      assertThat(server.logLines()).hasSizeLessThan(10);
    }
  }
}
