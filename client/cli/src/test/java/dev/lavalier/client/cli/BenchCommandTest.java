package dev.lavalier.client.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.lavalier.client.FakeMessages;
import dev.lavalier.client.FakeServer;
import dev.lavalier.client.bench.GeneratorLoad;
import dev.lavalier.client.bench.LoadGenerators;
import dev.lavalier.v1.StreamFramesResponse;
import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * Three subscribers of a server that the test feeds with frames of 10 ms; the clock only moves
 * between arrivals. Without warm-up, the measured frames are 21 to 120, one second: 0 is the first
 * frame, and 200 ms are skipped.
 */
final class BenchCommandTest {

  private static final int FRAME_SIZE = 80;
  private static final int LAST_FRAME = 121;
  private static final int SUBSCRIBERS = 3;
  private static final long NANOS_PER_SAMPLE = 125_000;
  private static final long MS = 1_000_000;
  private static final String[] ARGS = {
    "bench", "--subscribers", "3", "--connections", "2", "--warmup", "0", "--seconds", "1"
  };

  /** The gaps of a subscriber. */
  private interface Loss {
    /**
     * Returns the number of missing samples that the server reports; -1 if the frame is not sent.
     */
    long before(int subscriber, int frame);
  }

  @RegisterExtension final FakeServer server = new FakeServer();

  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();
  private final AtomicLong clock = new AtomicLong();
  private volatile boolean timeIsUp;

  private int run(GeneratorLoad generatorLoad, String... args) {
    return LavalierCli.run(
        args,
        address -> server.client(),
        address -> LoadGenerators.over(server.channel(), clock::get, generatorLoad, () -> timeIsUp),
        new Terminal(
            new StandardOutput(out, StandardCharsets.UTF_8, () -> false, end -> () -> {}),
            new PrintStream(err, true, StandardCharsets.UTF_8),
            false,
            false,
            Map.of(),
            () -> new TerminalSize(80, 24)));
  }

  private CompletableFuture<Integer> start(GeneratorLoad generatorLoad, String... more) {
    server.keepStreamsOpen();
    String[] args = Arrays.copyOf(ARGS, ARGS.length + more.length);
    System.arraycopy(more, 0, args, ARGS.length, more.length);
    return Background.supply(() -> run(generatorLoad, args));
  }

  private static int code(CompletableFuture<Integer> running) throws Exception {
    return running.get(20, TimeUnit.SECONDS);
  }

  /**
   * Sends each frame: the server reads it 11 ms after capture, and the transfer takes 2, 3 and 4
   * ms.
   */
  private void sendFrames(int from, int to, long clockOffset, Loss loss) throws Exception {
    List<StreamObserver<StreamFramesResponse>> streams = server.awaitStreams(SUBSCRIBERS);
    if (from == 0) {
      streams.forEach(stream -> stream.onNext(FakeMessages.started(FRAME_SIZE)));
    }
    for (int frame = from; frame <= to; frame++) {
      long index = (long) frame * FRAME_SIZE;
      for (int i = 0; i < SUBSCRIBERS; i++) {
        long missing = loss.before(i, frame);
        if (missing >= 0) {
          clock.set(index * NANOS_PER_SAMPLE + clockOffset + (11 + 2 + i) * MS);
          StreamFramesResponse.Builder message =
              FakeMessages.frame(index, FRAME_SIZE, missing).toBuilder();
          message.getFrameBuilder().setReadDelayMicros(11_000);
          streams.get(i).onNext(message.build());
        }
      }
    }
  }

  private JsonObject json() {
    return JsonParser.parseString(out.toString(StandardCharsets.UTF_8)).getAsJsonObject();
  }

  private String text() {
    return out.toString(StandardCharsets.UTF_8);
  }

  private String errors() {
    return err.toString(StandardCharsets.UTF_8);
  }

  private static void assertTimes(
      JsonObject json, String name, double min, double p50, double p99, double max) {
    assertThat(json.get(name + "_min").getAsDouble()).isCloseTo(min, within(0.02));
    assertThat(json.get(name + "_p50").getAsDouble()).isCloseTo(p50, within(0.02));
    assertThat(json.get(name + "_p99").getAsDouble()).isCloseTo(p99, within(0.02));
    assertThat(json.get(name + "_p999").getAsDouble()).isCloseTo(max, within(0.02));
    assertThat(json.get(name + "_max").getAsDouble()).isCloseTo(max, within(0.02));
  }

  @Test
  void jsonHasMeasurementsOfAllSubscribers() throws Exception {
    var running = start(LoadGenerators.idle(), "--json", "--frame-size", "80");
    sendFrames(0, LAST_FRAME, 0, (subscriber, frame) -> 0);
    assertThat(code(running)).isZero();
    assertThat(server.lastRequest().getFrameSize()).isEqualTo(80);

    JsonObject json = json();
    assertThat(json.get("subscribers").getAsInt()).isEqualTo(3);
    assertThat(json.get("connections").getAsInt()).isEqualTo(2);
    assertThat(json.get("device_id").getAsString()).isEqualTo("fake");
    assertThat(json.get("frames_expected").getAsLong()).isEqualTo(300);
    assertThat(json.get("frames_delivered").getAsLong()).isEqualTo(300);
    assertThat(json.get("gaps_slow_subscriber").getAsLong()).isZero();
    assertThat(json.get("clocks_agree").getAsBoolean()).isTrue();
    assertTimes(json, "latency_ms", 2, 3, 4, 4);
    assertTimes(json, "capture_to_on_next_ms", 13, 14, 15, 15);
    assertTimes(json, "spread_ms", 2, 2, 2, 2);
    assertTimes(json, "interval_ms", 10, 10, 10, 10);
    assertThat(json.get("machine_idle_share").getAsDouble()).isEqualTo(1);
  }

  @Test
  void tableIsPrintedByDefault() throws Exception {
    var running = start(LoadGenerators.unknown());
    sendFrames(0, LAST_FRAME, 0, (subscriber, frame) -> 0);
    assertThat(code(running)).isZero();
    assertThat(text().lines())
        .startsWith(
            "fake, 8000 Hz, frames of 80 samples (10.0 ms), bound 200 ms",
            "3 subscribers on 2 connections, 0.0 s of warm-up, 1.0 s counted")
        .contains("frames  300 of 300 delivered", "gaps    none")
        .anyMatch(line -> line.matches("first to last subscriber +(2\\.00\\d ?+ *){5}"))
        .endsWith("this machine: CPU of this program unknown (of 2 processors); idle unknown");
    assertThat(errors()).isEmpty();
  }

  @Test
  void onlyGapsInMeasuredFramesAreCounted() throws Exception {
    var running = start(LoadGenerators.idle(), "--json");
    sendFrames(
        0,
        LAST_FRAME,
        0,
        (subscriber, frame) ->
            switch (subscriber) {
              // 19 to 22 are missing, of which 21 and 22 are measured; and 50 to 52.
              case 0 ->
                  (frame >= 19 && frame < 23) || (frame >= 50 && frame < 53)
                      ? -1
                      : frame == 23 ? 4 * FRAME_SIZE : frame == 53 ? 3 * FRAME_SIZE : 0;
              // 60 is missing, and the server does not report it.
              case 1 -> frame == 60 ? -1 : 0;
              // 120, the last measured frame, is missing: the next one reports it.
              default -> frame == 120 ? -1 : frame == 121 ? FRAME_SIZE : 0;
            });
    assertThat(code(running)).isZero();
    JsonObject json = json();
    assertThat(json.get("frames_delivered").getAsLong()).isEqualTo(300 - 2 - 3 - 1 - 1);
    assertThat(json.get("gaps_slow_subscriber").getAsLong()).isEqualTo(3);
    assertThat(json.get("gap_samples_slow_subscriber").getAsLong()).isEqualTo(6 * FRAME_SIZE);
    assertThat(json.get("gaps_untold").getAsLong()).isEqualTo(1);
    assertThat(json.get("gap_samples_untold").getAsLong()).isEqualTo(FRAME_SIZE);
    assertThat(json.get("gaps_device_lost").getAsLong()).isZero();
  }

  @Test
  void latenciesAreRelativeIfClocksDisagree() throws Exception {
    var running = start(LoadGenerators.idle(), "--json");
    sendFrames(0, LAST_FRAME, -3_600_000 * MS, (subscriber, frame) -> 0);
    assertThat(code(running)).isZero();
    assertThat(json().get("clocks_agree").getAsBoolean()).isFalse();
    assertTimes(json(), "latency_ms", 0, 1, 2, 2);
    assertTimes(json(), "capture_to_on_next_ms", 11, 12, 13, 13);
    assertTimes(json(), "spread_ms", 2, 2, 2, 2);
  }

  @Test
  void tableMarksRelativeLatenciesIfClocksDisagree() throws Exception {
    var running = start(LoadGenerators.idle());
    sendFrames(0, LAST_FRAME, 5_000 * MS, (subscriber, frame) -> 0);
    assertThat(code(running)).isZero();
    assertThat(text())
        .contains("read by the server to onNext *")
        .contains("the clocks of the two machines do not agree");
  }

  @Test
  void noResultsIfThisMachineWasBottleneck() throws Exception {
    var running = start(LoadGenerators.load(0, 0.1, 0.049));
    sendFrames(0, LAST_FRAME, 0, (subscriber, frame) -> 0);
    assertThat(code(running)).isEqualTo(3);
    assertThat(text()).isEmpty();
    assertThat(errors())
        .isEqualTo(
            "no results: this machine was the bottleneck; it was idle for 4.9 % of the time"
                + " (expected: 5 % or more)\n");
  }

  @Test
  void jsonHasReasonIfThisMachineWasBottleneck() throws Exception {
    var running = start(LoadGenerators.load(5.1, 0.1, 0.9), "--json");
    sendFrames(0, LAST_FRAME, 0, (subscriber, frame) -> 0);
    assertThat(code(running)).isEqualTo(3);
    assertThat(json().keySet()).containsExactly("refused");
    assertThat(json().get("refused").getAsString()).contains("heartbeats").contains("5.1 ms late");
    assertThat(errors()).isEqualTo(json().get("refused").getAsString() + "\n");
  }

  @Test
  void unknownLoadDoesNotInvalidateRun() {
    assertThat(LoadGenerators.unknown().refusalReason()).isEmpty();
    assertThat(LoadGenerators.load(5, 0.8, 0.05).refusalReason()).isEmpty();
    assertThat(LoadGenerators.load(0, 0.81, 0.5).refusalReason())
        .get()
        .asString()
        .contains("used 81 %");
  }

  @Test
  void partlyRejectedSubscribersPrintOneLine() throws Exception {
    var running = start(LoadGenerators.idle());
    var streams = server.awaitStreams(SUBSCRIBERS);
    for (var stream : streams.subList(0, 2)) {
      stream.onNext(FakeMessages.started(FRAME_SIZE));
      stream.onNext(FakeMessages.frame(0, FRAME_SIZE, 0));
    }
    streams
        .get(2)
        .onError(Status.RESOURCE_EXHAUSTED.withDescription("2 streams run").asRuntimeException());
    assertThat(code(running)).isEqualTo(1);
    assertThat(text()).isEmpty();
    assertThat(errors())
        .isEqualTo(
            "1 of 3 subscribers were rejected or ended before all had a frame: RESOURCE_EXHAUSTED:"
                + " 2 streams run\n");
  }

  @Test
  void requestRejectedForAllPrintsServerMessage() {
    server.respondWith(
        List.of(), Status.INVALID_ARGUMENT.withDescription("frame_size: -4 (expected: 0..8000)"));
    assertThat(run(LoadGenerators.idle(), ARGS)).isEqualTo(1);
    assertThat(errors()).isEqualTo("frame_size: -4 (expected: 0..8000)\n");
  }

  @RepeatedTest(3) // an ended stream once counted as one that never opened
  void endedAndStalledStreamsAreReported() throws Exception {
    var running = start(LoadGenerators.idle());
    sendFrames(0, 40, 0, (subscriber, frame) -> 0);
    server
        .awaitStreams(SUBSCRIBERS)
        .get(0)
        .onError(Status.UNAVAILABLE.withDescription("device lost").asRuntimeException());
    // The second stream stalls; the first one ends and loses the rest of its frames.
    sendFrames(41, LAST_FRAME, 0, (subscriber, frame) -> subscriber < 2 ? -1 : 0);
    timeIsUp = true; // for the silent one
    assertThat(code(running)).isEqualTo(1);
    assertThat(text().lines())
        .contains(
            "frames  140 of 300 delivered",
            "ended   1 stream, UNAVAILABLE: device lost",
            "silent  1 stream");
  }

  @Test
  void helpSaysWhenThereAreNoResults() {
    assertThat(run(LoadGenerators.idle(), "bench", "--help")).isZero();
    assertThat(text())
        .contains("less than 5 % of", "more than 80 % of", "5 ms late at p99")
        .containsPattern("3\\s+this machine was the bottleneck");
    assertThat(errors()).isEmpty();
  }

  @Test
  void invalidFlagPrintsOneLine() {
    assertThat(run(LoadGenerators.idle(), "bench", "--subscribers", "0")).isEqualTo(2);
    assertThat(run(LoadGenerators.idle(), "bench", "--connections", "101")).isEqualTo(2);
    assertThat(run(LoadGenerators.idle(), "bench", "--seconds", "0")).isEqualTo(2);
    assertThat(run(LoadGenerators.idle(), "bench", "--warmup", "-1")).isEqualTo(2);
    assertThat(errors().lines())
        .containsExactly(
            "--subscribers: 0 (expected: 1..100000) (see --help)",
            "--connections: 101 (expected: 1..100, the number of subscribers) (see --help)",
            "--seconds: 0.0 (expected: more than 0, at most 86400) (see --help)",
            "--warmup: -1.0 (expected: 0..3600) (see --help)");
    assertThat(run(LoadGenerators.idle(), "bench", "--subscribers", "many")).isEqualTo(2);
  }
}
