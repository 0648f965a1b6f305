package dev.lavalier.client.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.lavalier.client.ConnectOptions;
import dev.lavalier.client.LavalierClient;
import dev.lavalier.client.LavalierException;
import dev.lavalier.client.LavalierException.Kind;
import dev.lavalier.client.Notice;
import dev.lavalier.client.StreamOptions;
import dev.lavalier.testing.SlowTest;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Valid and invalid certificates, created by openssl, between the server program and this library.
 * While a client is rejected, another client receives every frame.
 */
final class TlsIT {

  private static final int STREAMS = 50;
  private static final int FRAMES = 50; // one second

  /** A busy machine is no reason for a gap. */
  private static final StreamOptions LENIENT_LATENCY =
      StreamOptions.builder().maxLatency(Duration.ofSeconds(10)).build();

  private static final String KEY_LIMIT =
      "jdk.tls.keyLimits=AES/GCM/NoPadding KeyUpdate 2^15, ChaCha20-Poly1305 KeyUpdate 2^15\n";

  @TempDir Path dir;

  private Certificates certificates;
  private Certificates.Pair ca;
  private Certificates.Pair server;

  @BeforeEach
  void makeCertificates() throws Exception {
    certificates = Certificates.in(dir);
    ca = certificates.ca("ca");
    server = certificates.server("server", ca);
  }

  private static ServerProcess start(Certificates.Pair pair, String... more) throws Exception {
    List<String> args = new ArrayList<>(List.of("--demo"));
    args.addAll(List.of("--tls-cert", pair.certificate().toString()));
    args.addAll(List.of("--tls-key", pair.key().toString()));
    args.addAll(List.of(more));
    return ServerProcess.start(Map.of(), args.toArray(String[]::new));
  }

  private ConnectOptions connectOptions(ServerProcess process) {
    return ConnectOptions.builder(process.address()).ca(ca.certificate()).build();
  }

  private static void assertRefused(ConnectOptions options, Kind kind, String message) {
    try (LavalierClient client = LavalierClient.connect(options)) {
      assertThatExceptionOfType(LavalierException.class)
          .isThrownBy(client::listDevices)
          .satisfies(e -> assertThat(e.getMessage()).contains(message).doesNotContain("\n"))
          .satisfies(e -> assertThat(e.kind()).isEqualTo(kind));
      assertThatExceptionOfType(LavalierException.class)
          .isThrownBy(() -> client.stream(LENIENT_LATENCY))
          .satisfies(e -> assertThat(e.kind()).isEqualTo(kind));
    }
  }

  @Test
  @SlowTest
  void replacedCertificateIsUsedWhileFiftyStreamsRun() throws Exception {
    Certificates.Pair next = certificates.server("next", ca);
    BigInteger old = server.serial();
    // With a format, the client does not list devices first: one handshake per stream.
    StreamOptions captured = LENIENT_LATENCY.toBuilder().format("48000/2/s16le").build();
    List<StreamRecorder> recorders = new ArrayList<>();
    try (ServerProcess process = start(server)) {
      for (int i = 0; i < STREAMS; i++) {
        recorders.add(
            new StreamRecorder(LavalierClient.connect(connectOptions(process)), captured));
      }
      for (StreamRecorder each : recorders) {
        each.awaitFrames(1);
      }
      assertThat(certificates.servedSerial(process.address(), ca)).isEqualTo(old);

      next.replace(server);
      System.out.printf(
          "certificate replaced during %d streams: new one used after %.1f s%n",
          STREAMS, awaitServed(process, next).toMillis() / 1e3);

      try (StreamRecorder lateRecorder =
          new StreamRecorder(LavalierClient.connect(connectOptions(process)), LENIENT_LATENCY)) {
        lateRecorder.awaitFrames(FRAMES);
      }
      for (StreamRecorder each : recorders) {
        each.awaitFrames(1);
        assertThat(each.gaps()).isEmpty();
        assertThat(each.epochs()).isEqualTo(1);
        assertThat(each.notices()).isEmpty();
      }
    } finally {
      recorders.forEach(StreamRecorder::close);
    }
  }

  /**
   * The server is given the certificate while it is valid. If it takes the server longer than that
   * to load it, the test fails; the server looks at its files every second.
   */
  @Test
  @SlowTest
  void streamsContinueAndNewConnectionsFailWhenServerCertificateExpires() throws Exception {
    try (ServerProcess process = start(server);
        StreamRecorder recorder =
            new StreamRecorder(LavalierClient.connect(connectOptions(process)), LENIENT_LATENCY)) {
      recorder.awaitFrames(1);
      Instant end = Instant.now().plusSeconds(20).truncatedTo(ChronoUnit.SECONDS);
      Certificates.Pair late = certificates.serverUntil(end, "late", ca);
      late.replace(server);
      awaitServed(process, late);
      while (Instant.now().isBefore(end.plusSeconds(1))) {
        recorder.awaitFrames(FRAMES / 5);
      }
      assertRefused(
          connectOptions(process),
          Kind.TLS_FAILED,
          "(expected: a certificate issued by a CA in %s; the certificate of CN=late expired on %s)"
              .formatted(ca.certificate(), end));
      assertNothingMissing(recorder);
    }
  }

  /** Waits until new connections see a certificate; returns how long that took. */
  private Duration awaitServed(ServerProcess process, Certificates.Pair pair) throws Exception {
    long startedAt = System.nanoTime();
    while (!certificates.servedSerial(process.address(), ca).equals(pair.serial())) {
      assertThat(System.nanoTime() - startedAt)
          .as("still the old certificate\n%s", process.log())
          .isLessThan(TimeUnit.SECONDS.toNanos(20));
    }
    return Duration.ofNanos(System.nanoTime() - startedAt);
  }

  @Test
  @SlowTest
  void selfSignedServerIsNotTrusted() throws Exception {
    Certificates.Pair self = certificates.selfSigned("self");
    try (ServerProcess process = start(self);
        StreamRecorder recorder =
            new StreamRecorder(
                LavalierClient.connect(
                    ConnectOptions.builder(process.address()).ca(self.certificate()).build()),
                LENIENT_LATENCY)) {
      recorder.awaitFrames(1);
      assertRefused(
          connectOptions(process),
          Kind.TLS_FAILED,
          "the server's certificate has another issuer, or none");
      assertRefused(
          ConnectOptions.builder(process.address()).tls(true).build(),
          Kind.TLS_FAILED,
          "(expected: a certificate that Java trusts; the server's certificate has another issuer,"
              + " or none)");
      assertNothingMissing(recorder);
    }
  }

  @Test
  @SlowTest
  void serverOfAnotherCaOrNameIsNotTrusted() throws Exception {
    Certificates.Pair other = certificates.ca("other");
    Certificates.Pair named = certificates.serverOf("localhost", ca);
    try (ServerProcess process = start(named);
        StreamRecorder recorder =
            new StreamRecorder(
                LavalierClient.connect(connectOptionsByName(process)), LENIENT_LATENCY)) {
      recorder.awaitFrames(1);
      assertRefused(
          connectOptionsByName(process).toBuilder().ca(other.certificate()).build(),
          Kind.TLS_FAILED,
          "; the server's certificate has another issuer, or none)");
      assertRefused(
          connectOptions(process),
          Kind.TLS_FAILED,
          "(expected: a certificate for that name; No subject alternative names matching");
      assertNothingMissing(recorder);
    }
  }

  private ConnectOptions connectOptionsByName(ServerProcess process) {
    return ConnectOptions.builder(process.address().replace("127.0.0.1", "localhost"))
        .ca(ca.certificate())
        .build();
  }

  @Test
  @SlowTest
  void onlyClientWithValidCertificateIsAuthenticated() throws Exception {
    Certificates.Pair other = certificates.ca("other");
    Certificates.Pair alice = certificates.client("alice", ca);
    Certificates.Pair mallory = certificates.client("mallory", other);
    Certificates.Pair late = certificates.expiredClient("late", ca);
    Certificates.Pair mixed = new Certificates.Pair(alice.certificate(), late.key());
    try (ServerProcess process = start(server, "--tls-client-ca", ca.certificate().toString());
        StreamRecorder recorder =
            new StreamRecorder(
                LavalierClient.connect(alice.applyTo(connectOptions(process))), LENIENT_LATENCY)) {
      recorder.awaitFrames(1);
      assertRefused(
          connectOptions(process), Kind.NOT_AUTHENTICATED, "cert: none (expected: a certificate");
      assertRefused(
          mallory.applyTo(connectOptions(process)),
          Kind.NOT_AUTHENTICATED,
          "cert: %s (expected: a certificate".formatted(mallory.certificate()));
      assertRefused(
          late.applyTo(connectOptions(process)),
          Kind.NOT_AUTHENTICATED,
          "the certificate of CN=late expired on 20");
      assertThatIllegalArgumentException()
          .isThrownBy(() -> LavalierClient.connect(mixed.applyTo(connectOptions(process))))
          .withMessage(
              "key: %s (expected: the private key of %s, in PEM, PKCS #8 without a password; the"
                  + " key belongs to another certificate)",
              mixed.key(), mixed.certificate());
      assertRefused(
          ConnectOptions.builder(process.address()).build(),
          Kind.UNAVAILABLE,
          "it may require TLS)");
      assertNothingMissing(recorder);
      assertThat(process.log().lines())
          .anyMatch(line -> line.contains("refused 127.0.0.1:"))
          .noneMatch(line -> line.startsWith("\tat "));
    }
  }

  @Test
  @SlowTest
  void serverWithoutTlsIsReported() throws Exception {
    try (ServerProcess process = ServerProcess.start(Map.of(), "--demo");
        StreamRecorder recorder = new StreamRecorder(process, LENIENT_LATENCY)) {
      recorder.awaitFrames(1);
      assertRefused(
          connectOptions(process),
          Kind.TLS_FAILED,
          "(expected: TLS; the server answers without TLS)");
      assertNothingMissing(recorder);
    }
  }

  @Test
  @SlowTest
  void tlsBefore12IsRejected() throws Exception {
    try (ServerProcess process = start(server);
        StreamRecorder recorder =
            new StreamRecorder(LavalierClient.connect(connectOptions(process)), LENIENT_LATENCY)) {
      recorder.awaitFrames(1);
      for (String version : List.of("-tls1", "-tls1_1")) {
        ProcessRunner.Result refused = certificates.handshake(process.address(), ca, version);
        assertThat(refused.code()).isNotZero();
        assertThat(refused.err()).contains("alert protocol version");
      }
      for (String version : List.of("-tls1_2", "-tls1_3")) {
        ProcessRunner.Result taken = certificates.handshake(process.address(), ca, version);
        assertThat(taken.out()).contains("Verify return code: 0 (ok)");
      }
      assertNothingMissing(recorder);
    }
  }

  @Test
  @SlowTest
  void reconnectUsesReplacedClientCertificate() throws Exception {
    Certificates.Pair alice = certificates.client("alice", ca);
    String[] args = {
      "--demo",
      "--tls-cert",
      server.certificate().toString(),
      "--tls-key",
      server.key().toString(),
      "--tls-client-ca",
      dir.resolve("clients.pem").toString()
    };
    Certificates.copy(ca.certificate(), Path.of(args[6]));
    ServerProcess process = ServerProcess.start(Map.of(), args);
    try (StreamRecorder recorder =
        new StreamRecorder(
            LavalierClient.connect(alice.applyTo(connectOptions(process))), LENIENT_LATENCY)) {
      recorder.awaitFrames(1);
      process.kill();
      recorder.awaitNotice(Notice.Kind.RECONNECTING);
      // By then, the server trusts only clients of another CA.
      Certificates.Pair other = certificates.ca("other");
      Certificates.copy(other.certificate(), Path.of(args[6]));
      certificates.client("alice2", other).replace(alice);
      try (ServerProcess again = process.restart(Map.of(), args)) {
        recorder.awaitNotice(Notice.Kind.RECONNECTED);
        recorder.awaitEpochs(2, 20);
        assertThat(again.log().lines().filter(line -> line.startsWith("\tat "))).isEmpty();
      }
    } finally {
      process.close();
    }
  }

  /**
   * Direct frames use the engine of TLS beside its handler, so both must take part in an exchange
   * of keys. A server exchanges them after 2^37 bytes; this one does it after 2^15.
   */
  @Test
  void nothingIsMissingWhileKeysAreExchanged() throws Exception {
    Path security = Files.writeString(dir.resolve("security"), KEY_LIMIT);
    Map<String, String> environment =
        Map.of(
            "JAVA_TOOL_OPTIONS",
            "-Djavax.net.debug=ssl:handshake -Djava.security.properties=" + security);
    try (ServerProcess process =
            ServerProcess.start(
                environment,
                "--demo",
                "--tls-cert",
                server.certificate().toString(),
                "--tls-key",
                server.key().toString());
        StreamRecorder recorder =
            new StreamRecorder(LavalierClient.connect(connectOptions(process)), LENIENT_LATENCY)) {
      assertNothingMissing(recorder);
      assertThat(process.log().lines().filter(line -> line.contains("Produced KeyUpdate")))
          .hasSizeGreaterThan(1);
    }
  }

  private static void assertNothingMissing(StreamRecorder recorder) throws Exception {
    recorder.awaitFrames(FRAMES);
    assertThat(recorder.gaps()).isEmpty();
    assertThat(recorder.epochs()).isEqualTo(1);
    assertThat(recorder.notices()).isEmpty();
  }
}
