package dev.lavalier.client.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.lavalier.client.ConnectOptions;
import dev.lavalier.client.Device;
import dev.lavalier.client.FrameStream;
import dev.lavalier.client.LavalierClient;
import dev.lavalier.client.LavalierException;
import dev.lavalier.client.LavalierException.Kind;
import dev.lavalier.client.StreamOptions;
import dev.lavalier.client.Subscription;
import dev.lavalier.testing.SlowTest;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import javax.sound.sampled.AudioFileFormat;
import javax.sound.sampled.AudioFormat;
import javax.sound.sampled.AudioInputStream;
import javax.sound.sampled.AudioSystem;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tests tokens that an operator adds and revokes with the server program while the server runs. */
@WaitingTest
final class TokenIT {

  private static final StreamOptions TONE =
      StreamOptions.builder().deviceId("tone").maxLatency(Duration.ofSeconds(10)).build();

  @TempDir Path dir;

  private Path tokenFile;
  private Path hall;

  @BeforeEach
  void makeASecondDevice() throws IOException {
    tokenFile = dir.resolve("tokens");
    hall = dir.resolve("hall.wav");
    AudioFormat format = new AudioFormat(48_000, 16, 2, true, false);
    AudioSystem.write(
        new AudioInputStream(new ByteArrayInputStream(new byte[4 * 4_800]), format, 4_800),
        AudioFileFormat.Type.WAVE,
        hall.toFile());
  }

  private ServerProcess start(String... more) throws IOException {
    List<String> args = new ArrayList<>(List.of("--demo", "--wav", "hall=" + hall));
    args.addAll(List.of("--token-file", tokenFile.toString()));
    args.addAll(List.of(more));
    return ServerProcess.start(Map.of(), args.toArray(String[]::new));
  }

  private ProcessRunner.Result token(String... args) throws IOException, InterruptedException {
    List<String> command = ServerProcess.command("token");
    command.addAll(List.of(args));
    command.addAll(List.of("--token-file", tokenFile.toString()));
    ProcessRunner.Result result = ProcessRunner.run(command);
    assertThat(result.code()).as(result.err()).isZero();
    return result;
  }

  /** Adds an entry and returns the token, which is not shown again. */
  private String add(String name, String... grants) throws IOException, InterruptedException {
    List<String> args = new ArrayList<>(List.of("add", name));
    args.addAll(List.of(grants));
    return token(args.toArray(String[]::new)).out().strip();
  }

  private static LavalierClient client(ServerProcess server, String token) {
    return LavalierClient.connect(ConnectOptions.builder(server.address()).token(token).build());
  }

  private static void assertRefuses(Kind kind, LavalierClient client, String device) {
    assertThatExceptionOfType(LavalierException.class)
        .isThrownBy(() -> client.stream(TONE.toBuilder().deviceId(device).build()).close())
        .satisfies(e -> assertThat(e.kind()).as(e.getMessage()).isEqualTo(kind))
        .satisfies(e -> assertThat(e.getMessage()).contains("(expected: ").doesNotContain("\n"));
  }

  /** Reads until the server ends the stream, and returns why. */
  private static LavalierException readUntilEnd(FrameStream stream) {
    try {
      while (stream.read() != null) {
        // on
      }
    } catch (LavalierException e) {
      return e;
    }
    throw new AssertionError("the stream was closed by the client");
  }

  @Test
  @SlowTest
  void tokenGrantsOnlyItsDevices() throws Exception {
    String alice = add("alice", "--stream", "tone");
    String bob = add("bob", "--list", "*", "--stream", "tone");
    try (ServerProcess server = start();
        LavalierClient ofAlice = client(server, alice);
        LavalierClient ofBob = client(server, bob);
        LavalierClient ofMallory = client(server, alice + "x");
        LavalierClient ofNobody = server.client()) {
      assertThat(ofAlice.listDevices()).extracting(Device::deviceId).containsExactly("tone");
      assertThat(ofBob.listDevices()).extracting(Device::deviceId).contains("tone", "hall");
      assertRefuses(Kind.DEVICE_NOT_FOUND, ofAlice, "hall");
      assertRefuses(Kind.NOT_PERMITTED, ofBob, "hall");
      assertRefuses(Kind.NOT_AUTHENTICATED, ofMallory, "tone");
      assertRefuses(Kind.NOT_AUTHENTICATED, ofNobody, "tone");
      assertThatExceptionOfType(LavalierException.class)
          .isThrownBy(ofNobody::listDevices)
          .satisfies(e -> assertThat(e.kind()).isEqualTo(Kind.NOT_AUTHENTICATED));
      try (FrameStream stream = ofAlice.stream(TONE)) {
        assertThat(stream.read()).isNotNull();
      }
    }
  }

  @Test
  @SlowTest
  void logOfLevelTraceContainsNeitherTokensNorAudio() throws Exception {
    String alice = add("alice", "--stream", "tone");
    try (ServerProcess server = start("--log-level", "trace");
        LavalierClient ofAlice = client(server, alice);
        LavalierClient ofMallory = client(server, "lav_mallory")) {
      assertRefuses(Kind.NOT_AUTHENTICATED, ofMallory, "tone");
      try (FrameStream stream = ofAlice.stream(TONE)) {
        assertThat(stream.read()).isNotNull();
      }
      assertThat(server.terminate()).isZero();
      assertThat(server.log())
          .contains("subscription began ", "an unknown token", " INFO  ShutdownHook stopped")
          .doesNotContain(alice, "lav_mallory")
          .doesNotContain(
              "INBOUND", "OUTBOUND"); // the words of netty for what it receives or sends
    }
  }

  @Test
  @SlowTest
  void revokedTokenEndsItsStreamsWithin3Seconds() throws Exception {
    String alice = add("alice", "--stream", "tone");
    String carol = add("carol", "--stream", "*");
    try (ServerProcess server = start();
        LavalierClient ofAlice = client(server, alice);
        FrameStream stream = ofAlice.stream(TONE);
        StreamRecorder other = new StreamRecorder(client(server, carol), TONE)) {
      stream.read();
      token("revoke", "alice");
      long revokedAt = System.nanoTime();
      LavalierException end = readUntilEnd(stream);
      double seconds = (System.nanoTime() - revokedAt) / 1e9;
      System.out.printf("token revoked: its stream ended after %.1f s%n", seconds);
      assertThat(end.kind()).as(end.getMessage()).isEqualTo(Kind.NOT_AUTHENTICATED);
      assertThat(seconds).isLessThan(3);
      assertRefuses(Kind.NOT_AUTHENTICATED, ofAlice, "tone");
      other.awaitFrames(50);
      assertThat(other.gaps()).isEmpty();
      assertThat(other.notices()).isEmpty();
    }
  }

  @Test
  @SlowTest
  void expiredTokenEndsItsStreams() throws Exception {
    add("nobody", "--list", "hall"); // creates the file
    try (ServerProcess server = start()) {
      Instant expiry = Instant.now().plusSeconds(15).truncatedTo(ChronoUnit.SECONDS);
      String dora = add("dora", "--stream", "tone", "--expires", expiry.toString());
      awaitKnown(server, dora);
      try (LavalierClient ofDora = client(server, dora);
          FrameStream stream = ofDora.stream(TONE)) {
        LavalierException end = readUntilEnd(stream);
        assertThat(end.kind()).as(end.getMessage()).isEqualTo(Kind.NOT_AUTHENTICATED);
        assertThat(Instant.now()).isBetween(expiry, expiry.plusSeconds(3));
        assertRefuses(Kind.NOT_AUTHENTICATED, ofDora, "tone");
      }
    }
  }

  /** Polls until the server has read a new entry. */
  private static void awaitKnown(ServerProcess server, String token) throws LavalierException {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
    while (true) {
      try (LavalierClient client = client(server, token)) {
        client.listDevices();
        return;
      } catch (LavalierException e) {
        if (e.kind() != Kind.NOT_AUTHENTICATED || System.nanoTime() > deadline) {
          throw e;
        }
      }
    }
  }

  @Test
  @SlowTest
  void onlyAdminListsSubscriptions() throws Exception {
    String alice = add("alice", "--stream", "tone");
    String operator = add("operator", "--admin");
    try (ServerProcess server = start();
        LavalierClient ofAlice = client(server, alice);
        LavalierClient ofOperator = client(server, operator);
        StreamRecorder recorder = new StreamRecorder(client(server, alice), TONE)) {
      assertThatExceptionOfType(LavalierException.class)
          .isThrownBy(() -> ofAlice.listSubscriptions(""))
          .satisfies(e -> assertThat(e.kind()).isEqualTo(Kind.NOT_PERMITTED));
      assertRefuses(Kind.DEVICE_NOT_FOUND, ofOperator, "tone");

      recorder.awaitFrames(50);
      List<Subscription> all = ofOperator.listSubscriptions("");
      assertThat(all).hasSize(1);
      Subscription one = all.get(0);
      assertThat(one.subscriptionId()).isEqualTo(1);
      assertThat(one.identity()).isEqualTo("alice");
      assertThat(one.address()).startsWith("127.0.0.1:");
      assertThat(one.deviceId()).isEqualTo("tone");
      assertThat(one.format()).hasToString("48000/2/s16le");
      assertThat(one.frameSize()).isEqualTo(960);
      assertThat(one.since()).isBetween(Instant.now().minusSeconds(60), Instant.now());
      assertThat(one.frameCount()).isGreaterThanOrEqualTo(50);
      assertThat(one.byteCount()).isGreaterThan(one.frameCount() * 960 * 4);
      assertThat(one.samplesLost()).isZero();
      assertThat(ofOperator.listSubscriptions("tone")).hasSize(1);
      assertThat(ofOperator.listSubscriptions("hall")).isEmpty();
    }
  }

  @Test
  @SlowTest
  void tokenWorksInAllProgramsAndIsNotWrittenAnywhere() throws Exception {
    Certificates certificates = Certificates.in(dir);
    Certificates.Pair ca = certificates.ca("ca");
    Certificates.Pair pair = certificates.server("server", ca);
    String alice = add("alice", "--list", "*", "--stream", "tone", "--admin");
    Path clientTokenFile =
        Files.writeString(Files.createTempFile("lavalier", ".token"), alice + "\n");
    try (ServerProcess server =
            start("--tls-cert", pair.certificate().toString(), "--tls-key", pair.key().toString());
        StreamRecorder recorder =
            new StreamRecorder(
                LavalierClient.connect(
                    ConnectOptions.builder(server.address())
                        .ca(ca.certificate())
                        .token(alice)
                        .build()),
                TONE)) {
      recorder.awaitFrames(1);
      String[] serverArguments = {
        "--server", server.address(), "--ca", ca.certificate().toString()
      };

      List<String> devices = ProcessRunner.lavalier(serverArguments);
      devices.addAll(List.of("devices", "--token-file", clientTokenFile.toString()));
      assertThat(ProcessRunner.run(devices).out()).contains("tone", "hall");

      List<String> subscriptions = ProcessRunner.lavalier(serverArguments);
      subscriptions.addAll(List.of("subscriptions", "--device", "tone"));
      assertThat(ProcessRunner.run(subscriptions, Map.of("LAVALIER_TOKEN", alice)).out())
          .contains("WHO", "alice", "127.0.0.1:");
      ProcessRunner.Result refused = ProcessRunner.run(subscriptions);
      assertThat(refused.code()).isEqualTo(1);
      assertThat(refused.err()).contains("(expected: ").hasLineCount(1);

      List<String> bench = ProcessRunner.lavalier(serverArguments);
      bench.addAll(List.of("bench", "--device", "tone", "--subscribers", "3"));
      bench.addAll(List.of("--warmup", "0", "--seconds", "1"));
      ProcessRunner.Result measured = ProcessRunner.run(bench, Map.of("LAVALIER_TOKEN", alice));
      assertThat(measured.code()).as(measured.err()).isIn(0, 3); // 3: a busy machine

      assertThat(token("list").out()).contains("alice").doesNotContain(alice);
      assertThat(server.log()).doesNotContain(alice);
      try (var files = Files.walk(dir)) {
        for (Path file : files.filter(Files::isRegularFile).toList()) {
          assertThat(Files.readString(file, StandardCharsets.ISO_8859_1))
              .as("%s", file)
              .doesNotContain(alice);
        }
      }
    } finally {
      Files.delete(clientTokenFile);
    }
  }
}
