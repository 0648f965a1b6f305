package dev.lavalier.client.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.lavalier.client.ConnectOptions;
import dev.lavalier.client.LavalierClient;
import dev.lavalier.client.StreamOptions;
import dev.lavalier.testing.SlowTest;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeoutException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import javax.sound.sampled.AudioFileFormat;
import javax.sound.sampled.AudioFormat;
import javax.sound.sampled.AudioInputStream;
import javax.sound.sampled.AudioSystem;
import org.assertj.core.api.SoftAssertions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Tests callers with a valid token and a grant to stream that cost a server as much memory or work
 * as they can, beside one normal subscriber. Whatever they do, the server stays, the subscriber
 * misses no sample, the server's memory is bounded, and the log has a few lines about it. Prints
 * the values that docs/internals/hardening.md quotes, which also shows how to set the properties
 * below.
 *
 * <p>The server has TLS, a token file, and the flags of the packaged JVM with a smaller heap.
 */
@SlowTest
final class HostileCallersIT {

  private static final int CALLERS = Integer.getInteger("hostile.callers", 4);
  private static final int SECONDS = Integer.getInteger("hostile.seconds", 20);
  private static final int RUNS = Integer.getInteger("hostile.runs", 1);

  /** Each attack, or the one of this name. */
  private static final String KIND = System.getProperty("hostile.kind", "");

  /** Whether a control precedes each run: busy loops that do not call the server. */
  private static final boolean HAS_CONTROL = Boolean.getBoolean("hostile.control");

  /**
   * The time that frames may wait. The server, the listener and the callers share the processors of
   * one machine, so by default only frames that are lost count, and not frames that are late.
   */
  private static final Duration LATENCY =
      Duration.ofMillis(Integer.getInteger("hostile.latency-ms", 20_000));

  private static final String CONTROL = "control";
  private static final String REPLAYS = "replays";
  private static final String WEB = "web";
  private static final String ENCODERS = "encoders";

  private static final List<String> KINDS =
      List.of(
          "frame-sizes",
          "wide-formats",
          "unread-frames",
          "watches",
          "conversions",
          "tiny-frames",
          REPLAYS,
          "empty-messages",
          "churn",
          ENCODERS,
          WEB);

  /**
   * The formula of docs/operator/limits.md, in MiB: the heap, a quarter of it for streams, 16 KiB
   * for each of 4,096 connections, and the JVM.
   */
  private static final long MAX_RESIDENT_BYTES = (256L + 64 + 64 + 128) << 20;

  private static final int MAX_LOG_LINES_PER_MINUTE = 2;
  private static final double MAX_STOP_SECONDS = 5;
  private static final double MAX_DELAY_SECONDS = 5;
  private static final int RATE_HZ = 48_000;
  private static final String PACKAGED_HEAP = "-Xmx512m";
  private static final String LISTENER = "listener";

  private static final StreamOptions STREAM =
      StreamOptions.builder().deviceId("tone").maxLatency(LATENCY).build();

  @TempDir static Path dir;

  private static String python;
  private static Path ca;
  private static List<String> serverOptions;

  @BeforeAll
  static void makeFiles() throws Exception {
    assumeTrue(Files.isDirectory(Path.of("/proc/self/fd")), "there is no /proc");
    python = ExamplesIT.pythonWithStubs(dir);
    Certificates certificates = Certificates.in(dir);
    Certificates.Pair authority = certificates.ca("ca");
    Certificates.Pair pair = certificates.server("server", authority);
    ca = authority.certificate();
    StringBuilder entries = new StringBuilder(entry(LISTENER));
    for (int i = 0; i < CALLERS; i++) {
      entries.append(entry(caller(i)));
    }
    Path tokenFile = Files.writeString(dir.resolve("tokens"), entries);
    serverOptions = new ArrayList<>(List.of("--demo", "--capture-format", "48000/2/s16le"));
    serverOptions.addAll(List.of("--wav", "hall=" + silence()));
    serverOptions.addAll(List.of("--tls-cert", pair.certificate().toString()));
    serverOptions.addAll(List.of("--tls-key", pair.key().toString()));
    serverOptions.addAll(List.of("--token-file", tokenFile.toString()));
  }

  static Stream<Arguments> attacks() {
    return IntStream.rangeClosed(1, RUNS)
        .boxed()
        .flatMap(
            run ->
                Stream.concat(
                        HAS_CONTROL ? Stream.of(CONTROL) : Stream.empty(),
                        KINDS.stream().filter(kind -> KIND.isEmpty() || KIND.equals(kind)))
                    .map(kind -> Arguments.of(kind, run)));
  }

  @ParameterizedTest(name = "{0}, run {1}")
  @MethodSource("attacks")
  void listenerMissesNothing(String kind, int run) throws Exception {
    List<String> options = new ArrayList<>(serverOptions);
    if (kind.equals(REPLAYS)) {
      options.addAll(List.of("--history-ms", "60000", "--keep-open", "tone"));
    }
    if (kind.equals(WEB)) {
      options.addAll(List.of("--web-port", "0"));
    }
    try (ServerProcess server =
        ServerProcess.start(
            Map.of("JDK_JAVA_OPTIONS", jvmFlags()), options.toArray(String[]::new))) {
      attack(server, kind, run);
      long requestedAt = System.nanoTime();
      assertThat(server.terminate()).isZero();
      assertThat((System.nanoTime() - requestedAt) / 1e9).isLessThan(MAX_STOP_SECONDS);
    }
  }

  /** Returns the flags of the packaged server, with a heap of 256 MiB. */
  private static String jvmFlags() throws IOException {
    return Files.readAllLines(ProcessRunner.TOP.resolve("packaging/bin/lavalier-server")).stream()
        .filter(line -> line.contains(PACKAGED_HEAP))
        .findFirst()
        .orElseThrow()
        .replace(PACKAGED_HEAP, "-Xmx256m")
        .replace("\\", "")
        .strip();
  }

  private static String caller(int number) {
    return "caller-" + number;
  }

  /** Returns the token of a name; the file has its hash. */
  private static String token(String name) {
    return "lav_" + name;
  }

  private static String entry(String name) throws GeneralSecurityException {
    byte[] hash =
        MessageDigest.getInstance("SHA-256").digest(token(name).getBytes(StandardCharsets.UTF_8));
    return "%s sha256:%s stream=*%n".formatted(name, HexFormat.of().formatHex(hash));
  }

  private static Path silence() throws IOException {
    AudioFormat format = new AudioFormat(RATE_HZ, 16, 2, true, false);
    Path file = dir.resolve("hall.wav");
    AudioSystem.write(
        new AudioInputStream(new ByteArrayInputStream(new byte[4 * 4_800]), format, 4_800),
        AudioFileFormat.Type.WAVE,
        file.toFile());
    return file;
  }

  private static void attack(ServerProcess server, String kind, int run) throws Exception {
    ConnectOptions options =
        ConnectOptions.builder(server.address()).ca(ca).token(token(LISTENER)).build();
    String attacked = server.address();
    if (kind.equals(WEB)) {
      attacked = attacked.replaceFirst("\\d+$", Integer.toString(server.webPort()));
    }
    List<HostileCaller> callers = new ArrayList<>();
    try (StreamRecorder listener = new StreamRecorder(LavalierClient.connect(options), STREAM)) {
      listener.awaitFrames(150);
      // Two busy loops or more, so that the control occupies two processors.
      int seconds = kind.equals(ENCODERS) ? SECONDS / 2 : SECONDS;
      int count = kind.equals(CONTROL) ? Math.max(2, CALLERS) : CALLERS;
      for (int i = 0; i < count; i++) {
        callers.add(
            HostileCaller.start(python, dir, kind, attacked, ca, token(caller(i)), seconds, i));
      }
      for (HostileCaller each : callers) {
        each.awaitReady();
      }
      Observation observation = new Observation(server, listener);
      for (HostileCaller each : callers) {
        each.begin();
      }
      for (HostileCaller each : callers) {
        while (!each.hasEnded()) {
          observation.lookAtMemory();
        }
      }
      observation.end();
      System.out.printf("%s, run %d, %d callers: %s%n", kind, run, count, observation);
      List<String> reports = new ArrayList<>();
      for (HostileCaller each : callers) {
        reports.add(each.report());
      }
      reports.forEach(each -> System.out.println("    " + each));
      observation.assertUnharmed();
      if (!kind.equals(CONTROL)) {
        assertThat(reports).allSatisfy(HostileCallersIT::assertAttacked);
      }
    } finally {
      for (HostileCaller each : callers) {
        each.close();
      }
    }
  }

  private static void assertAttacked(String report) {
    Matcher counts = Pattern.compile("attempted (\\d+), .*").matcher(report);
    assertThat(counts.matches()).as(report).isTrue();
    assertThat(Integer.parseInt(counts.group(1))).isGreaterThan(50);
  }

  /** What an attack did to the server and to the listener. */
  private static final class Observation {

    private final ServerProcess server;
    private final StreamRecorder listener;
    private final long startedAt = System.nanoTime();
    private final long firstSample;
    private final double cpuSecondsBefore;
    private final int linesBefore;
    private long resident;
    private double seconds;
    private double streamedSeconds;
    private double cpuSeconds;
    private List<String> lines = List.of();

    Observation(ServerProcess server, StreamRecorder listener) throws IOException {
      this.server = server;
      this.listener = listener;
      firstSample = listener.position();
      cpuSecondsBefore = server.cpuSeconds();
      linesBefore = server.logLines().size();
    }

    void lookAtMemory() {
      try {
        resident = server.maxResidentBytes();
      } catch (IOException e) {
        // The server has ended, which the test reports.
      }
    }

    void end() throws IOException, InterruptedException {
      lookAtMemory();
      try {
        listener.awaitFrames(server.isAlive() ? 50 : 0); // the next frame reports a loss
      } catch (TimeoutException e) {
        // The stream does not advance, which the test reports.
      }
      seconds = (System.nanoTime() - startedAt) / 1e9;
      streamedSeconds = (listener.position() - firstSample) / (double) RATE_HZ;
      cpuSeconds = server.isAlive() ? server.cpuSeconds() - cpuSecondsBefore : Double.NaN;
      List<String> all = server.logLines();
      lines = all.subList(linesBefore, all.size());
    }

    void assertUnharmed() {
      SoftAssertions.assertSoftly(
          all -> {
            all.assertThat(server.isAlive()).as("the server lives").isTrue();
            all.assertThat(listener.gaps()).as("gaps").isEmpty();
            all.assertThat(listener.notices()).as("notices").isEmpty();
            all.assertThat(listener.epochs()).as("epochs").isEqualTo(1);
            all.assertThat(streamedSeconds)
                .as("seconds of the stream in %.1f s", seconds)
                .isGreaterThan(seconds - MAX_DELAY_SECONDS);
            all.assertThat(resident).as("resident").isLessThan(MAX_RESIDENT_BYTES);
            all.assertThat(lines.size())
                .as("log lines: %s", lines)
                .isLessThanOrEqualTo((int) Math.ceil(seconds / 60) * MAX_LOG_LINES_PER_MINUTE);
          });
    }

    @Override
    public String toString() {
      return ("the server %s, %.2f s lost in %d gaps, %.1f s of the stream in %.1f s,"
              + " %d MiB resident at most, %.1f s of a processor, %d log lines: %s")
          .formatted(
              server.isAlive() ? "lives" : "has ended",
              listener.gaps().stream().mapToLong(gap -> gap.sampleCount()).sum() / (double) RATE_HZ,
              listener.gaps().size(),
              streamedSeconds,
              seconds,
              resident >> 20,
              cpuSeconds,
              lines.size(),
              lines.subList(0, Math.min(3, lines.size())));
    }
  }
}
