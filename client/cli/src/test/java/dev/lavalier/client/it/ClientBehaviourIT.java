package dev.lavalier.client.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import dev.lavalier.client.ConnectOptions;
import dev.lavalier.client.LavalierClient;
import dev.lavalier.client.LavalierException;
import dev.lavalier.client.it.BehaviourNetwork.Target;
import dev.lavalier.client.it.ObservedStream.Cause;
import dev.lavalier.client.it.ObservedStream.Observed;
import dev.lavalier.testing.SlowTest;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Runs the clients of all languages at the same time in the same situations, and compares what they
 * report with the table in the manual. The rules are those of {@link ObservedStream}, and hold on a
 * busy machine: an old frame is one from before a stall of 3 s.
 */
@SlowTest
final class ClientBehaviourIT {

  private static final double STALL_SECONDS = 3;
  private static final int MAX_AGE_MS = 200 + 1_000; // the default of max_latency_ms, and a margin
  private static final int LONG_LATENCY_MS = 10_000; // a busy machine is no reason for a gap
  private static final int LONGEST_LATENCY_MS = 60_000;
  private static final int PREROLL_MS = 2_000;
  private static final int CLOCK_LATENCY_MS = 2_000; // less than the clock is set back
  private static final long CLOCK_STEP_MICROS = TimeUnit.MINUTES.toMicros(50); // of an hour
  private static final double SOME_SECONDS = 0.5;

  private static final String SCRIPT =
      """
      steady:
        format: 16000/1/s16le
        steps:
          - tone
      lost:
        format: 16000/1/s16le
        steps:
          - tone-ms: 4000
          - unplug-ms: 500
          - tone
      ended:
        format: 16000/1/s16le
        steps:
          - tone-ms: 1000
      clock:
        format: 16000/1/s16le
        steps:
          - tone-ms: 3000
          - clock-step-ms: -5000
          - tone-ms: 1000
          - clock-step-ms: 3600000
          - tone
      """;

  @TempDir static Path dir;

  private static Certificates certificates;
  private static Certificates.Pair ca;
  private static Path script;
  private static ServerProcess server;
  private static Target direct;
  private static BehaviourClients clients = new BehaviourClients(List.of());

  @BeforeAll
  @Timeout(value = 10, unit = TimeUnit.MINUTES) // the first build compiles the packages of Go
  static void start() throws Exception {
    certificates = Certificates.in(dir);
    ca = certificates.ca("ca");
    script = Files.writeString(dir.resolve("behaviour.yaml"), SCRIPT);
    server = ServerProcess.start(Map.of(), arguments("--web-port", "0"));
    direct = Target.of(server, "http://");
    clients = new BehaviourClients(BehaviourPrograms.start(dir));
    clients.each(client -> client.await("ready"));
  }

  @AfterEach
  void closeStreams() throws Exception {
    clients.closeStreams();
  }

  @AfterAll
  static void stop() throws Exception {
    clients.close();
    if (server != null) {
      server.close();
    }
  }

  /** Returns the arguments of a server that keeps the audio of one device. */
  private static String[] arguments(String... more) {
    List<String> arguments = new ArrayList<>(List.of("--script", script.toString()));
    arguments.addAll(List.of("--history-ms", "20000", "--keep-open", "steady"));
    arguments.addAll(List.of(more));
    return arguments.toArray(String[]::new);
  }

  /** Opens streams, and waits until each client has a frame. */
  private static void open(Target target, String device, int maxLatencyMs) throws Exception {
    clients.open(target, BehaviourClients.request(device, maxLatencyMs));
    clients.await("frame");
  }

  @Test
  void manualHasTheRowsOfTheseTests() throws Exception {
    Promise.assertRows();
  }

  @Test
  void programThatDoesNotReadGetsRecentFramesAfterwards() throws Exception {
    open(direct, "steady", 0);
    clients.each(client -> client.send("pause " + Math.round(STALL_SECONDS * 1e3)));
    int[] resumed = clients.await("resumed");
    clients.awaitFrames(SOME_SECONDS);
    clients.assertRecent(Promise.NOT_READ, resumed, STALL_SECONDS, MAX_AGE_MS, 0);
  }

  @Test
  void stoppedProcessGetsRecentFramesAfterwards() throws Exception {
    open(direct, "steady", 0);
    int[] positions;
    try (Witness witness = new Witness(server, "steady")) {
      clients.each(client -> client.signal("STOP"));
      positions = clients.positions();
      witness.await(STALL_SECONDS);
    } finally {
      clients.each(client -> client.signal("CONT"));
    }
    clients.awaitFrames(SOME_SECONDS);
    clients.assertRecent(Promise.STOPPED, positions, STALL_SECONDS, MAX_AGE_MS, 1);
  }

  @Test
  void stalledNetworkDeliversNoOldFrames() throws Exception {
    try (BehaviourNetwork network = BehaviourNetwork.to(direct);
        Witness witness = new Witness(server, "steady")) {
      open(network.target(), "steady", 0);
      network.stall();
      int[] positions = clients.positions();
      witness.await(STALL_SECONDS);
      network.resume();
      clients.awaitFrames(SOME_SECONDS);
      clients.assertRecent(Promise.NETWORK_STALLED, positions, STALL_SECONDS, MAX_AGE_MS, 0);
      clients.closeStreams();
    }
  }

  @Test
  void streamContinuesAfterRestartOfServerWithLessMemory() throws Exception {
    open(direct, "steady", LONGEST_LATENCY_MS);
    clients.awaitFrames(SOME_SECONDS);
    server.kill();
    server =
        server.restart(
            Map.of(),
            arguments(
                "--web-port",
                direct.webPort(),
                "--max-stream-memory-mb-per-caller",
                "1")); // less than the queue of a minute
    clients.each(client -> client.await("started", client.await("started") + 1, event -> true));
    clients.awaitFrames(SOME_SECONDS);
    clients.assertKept(
        Promise.RESTARTED,
        client -> {
          ObservedStream stream = client.observed().assertCounted();
          assertThat(stream.returns())
              .singleElement()
              .satisfies(frame -> assertThat(frame.causes()).containsExactly(Cause.NOT_KEPT));
          assertThat(stream.notices())
              .satisfiesExactly(
                  lost -> assertThat(lost).startsWith("connection lost, reconnecting for at most "),
                  again ->
                      assertThat(again)
                          .startsWith("reconnected after ")
                          .contains(" s, estimated) are missing"));
        });
    clients.assertKept(
        Promise.QUEUE_REFUSED,
        client ->
            assertThat(client.observed().notices())
                .last()
                .asString()
                .endsWith("; the server refused a longer queue than 15.0 s"));
  }

  @Test
  void historyFillsTheTimeBeforeTheCallAndAnOutage() throws Exception {
    try (BehaviourNetwork network = BehaviourNetwork.to(direct);
        Witness witness = new Witness(server, "steady")) {
      witness.awaitHistory(PREROLL_MS);
      JsonObject request = BehaviourClients.request("steady", LONG_LATENCY_MS);
      request.addProperty("preroll_ms", PREROLL_MS);
      clients.open(network.target(), request);
      clients.awaitFrames(SOME_SECONDS);
      clients.assertKept(
          Promise.PREROLL,
          client -> {
            Observed first = client.observed().assertComplete().first();
            assertThat(first.start().get("preroll_ms").getAsInt()).isEqualTo(PREROLL_MS);
            assertThat(first.ageMillis()).isGreaterThan(PREROLL_MS - 500);
          });

      network.disconnect();
      witness.await(1);
      network.resume();
      clients.awaitFrames(SOME_SECONDS);
      clients.assertKept(
          Promise.RESUMED,
          client -> {
            ObservedStream stream = client.observed().assertComplete();
            assertThat(stream.returns()).isEmpty();
            assertThat(stream.notices())
                .satisfiesExactly(
                    lost -> assertThat(lost).startsWith("connection lost, reconnecting "),
                    again ->
                        assertThat(again)
                            .startsWith("reconnected after ")
                            .endsWith(" s, no samples are missing"));
          });
      clients.closeStreams();
    }
  }

  @Test
  void streamWaitsForLostDeviceOrEnds() throws Exception {
    JsonObject waiting = BehaviourClients.request("lost", LONG_LATENCY_MS);
    waiting.addProperty("wait", true);
    clients.open(direct, waiting);
    clients.each(client -> client.await("started", client.await("started") + 1, event -> true));
    clients.awaitFrames(SOME_SECONDS);
    clients.assertKept(
        Promise.DEVICE_WAITED,
        client -> {
          ObservedStream stream = client.observed().assertCounted();
          assertThat(stream.returns())
              .singleElement()
              .satisfies(frame -> assertThat(frame.causes()).containsExactly(Cause.DEVICE_LOST));
          assertThat(stream.notices()).singleElement().asString().contains("lost");
        });
    clients.closeStreams();

    clients.open(direct, BehaviourClients.request("ended", LONG_LATENCY_MS));
    clients.assertEnd(Promise.DEVICE_ENDED, "UNAVAILABLE", "the script has ended");
    clients.each(client -> client.observed().assertComplete());
  }

  @Test
  void unknownDeviceIsRefused() throws Exception {
    clients.open(direct, BehaviourClients.request("moon", 0));
    clients.assertEnd(Promise.NOT_FOUND, "DEVICE_NOT_FOUND", "device_id: moon (expected: ");
  }

  @Test
  void wallClockThatIsSetCostsNoFrame() throws Exception {
    open(direct, "clock", CLOCK_LATENCY_MS);
    clients.each(
        client -> {
          long before = client.observed().first().timeMicros();
          int jump =
              client.await(
                  "frame",
                  0,
                  frame -> frame.get("time_us").getAsLong() > before + CLOCK_STEP_MICROS);
          client.await("frame", jump + 25, frame -> true);
        });
    clients.assertKept(
        Promise.CLOCK_SET,
        client -> {
          List<Observed> frames = client.observed().assertComplete().frames();
          boolean setBack = false;
          for (int i = 1; i < frames.size(); i++) {
            setBack |= frames.get(i).timeMicros() < frames.get(i - 1).timeMicros();
          }
          assertThat(setBack).isTrue();
        });
  }

  @Test
  void credentialsAreCheckedAndReplaced() throws Exception {
    Certificates.Pair pair = certificates.server("server", ca);
    Path entries = dir.resolve("entries");
    Path source = dir.resolve("token");
    Files.writeString(entries, entry("first") + entry("second"));
    try (ServerProcess guarded =
            ServerProcess.start(
                Map.of(),
                arguments(
                    "--web-port",
                    "0",
                    "--tls-cert",
                    pair.certificate().toString(),
                    "--tls-key",
                    pair.key().toString(),
                    "--token-file",
                    entries.toString()));
        BehaviourNetwork network = BehaviourNetwork.to(Target.of(guarded, "https://"))) {
      JsonObject request = BehaviourClients.request("steady", LONG_LATENCY_MS);
      request.addProperty("ca", certificates.ca("other").certificate().toString());
      clients.open(network.target(), request);
      clients.assertEnd(Promise.NOT_TRUSTED, "TLS_FAILED", "");

      request.addProperty("ca", ca.certificate().toString());
      request.addProperty("token_file", source.toString());
      clients.open(network.target(), request); // there is no file
      clients.assertEnd(Promise.NO_TOKEN, "NOT_AUTHENTICATED", "");

      Files.writeString(source, "first");
      clients.open(network.target(), request);
      clients.awaitFrames(0);
      Files.writeString(source, "second");
      network.disconnect();
      Files.writeString(entries, entry("second"));
      awaitRefused(guarded, "first");
      network.resume();
      clients.awaitFrames(SOME_SECONDS);
      clients.assertKept(
          Promise.TOKEN_REPLACED,
          client -> {
            ObservedStream stream = client.observed().assertCounted();
            assertThat(stream.count("token")).isGreaterThanOrEqualTo(2);
            assertThat(stream.notices()).hasSize(2).last().asString().startsWith("reconnected ");
          });

      Files.writeString(entries, "");
      clients.assertEnd(Promise.TOKEN_REVOKED, "NOT_AUTHENTICATED", "authorization: ");
      clients.closeStreams();
    }
  }

  private static String entry(String token) throws Exception {
    byte[] hash =
        MessageDigest.getInstance("SHA-256").digest(token.getBytes(StandardCharsets.US_ASCII));
    return "%s sha256:%s stream=*%n".formatted(token, HexFormat.of().formatHex(hash));
  }

  /** Polls until the server has read the token file without an entry. */
  private static void awaitRefused(ServerProcess server, String token) throws Exception {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
    try (LavalierClient client =
        LavalierClient.connect(
            ConnectOptions.builder(server.address()).ca(ca.certificate()).token(token).build())) {
      while (System.nanoTime() < deadline) {
        client.listDevices();
        TimeUnit.MILLISECONDS.sleep(50);
      }
    } catch (LavalierException e) {
      assertThat(e.kind()).isEqualTo(LavalierException.Kind.NOT_AUTHENTICATED);
      return;
    }
    throw new AssertionError("the token is still accepted\n" + server.log());
  }
}
