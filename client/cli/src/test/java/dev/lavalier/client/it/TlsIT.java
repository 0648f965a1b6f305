package dev.lavalier.client.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.lavalier.client.ConnectOptions;
import dev.lavalier.client.LavalierClient;
import dev.lavalier.client.LavalierException;
import dev.lavalier.client.LavalierException.Kind;
import dev.lavalier.client.Notice;
import dev.lavalier.client.PcmFormat;
import dev.lavalier.client.StreamOptions;
import java.math.BigInteger;
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
 * Certificates that openssl made, good and bad ones, between the server's program and this library.
 * Where somebody is refused, another one listens and misses nothing.
 */
final class TlsIT {

  private static final int STREAMS = 50;
  private static final int FRAMES = 50; // a second

  /** A busy machine is no reason for a gap. */
  private static final StreamOptions PATIENT =
      StreamOptions.defaults().withMaxLatency(Duration.ofSeconds(10));

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

  private ConnectOptions to(ServerProcess process) {
    return ConnectOptions.to(process.address()).withCa(ca.certificate());
  }

  private static void assertRefused(ConnectOptions options, Kind kind, String message) {
    try (LavalierClient client = LavalierClient.connect(options)) {
      assertThatExceptionOfType(LavalierException.class)
          .isThrownBy(client::listDevices)
          .satisfies(e -> assertThat(e.getMessage()).contains(message).doesNotContain("\n"))
          .satisfies(e -> assertThat(e.kind()).isEqualTo(kind));
      assertThatExceptionOfType(LavalierException.class)
          .isThrownBy(() -> client.stream(PATIENT))
          .satisfies(e -> assertThat(e.kind()).isEqualTo(kind));
    }
  }

  @Test
  void aCertificateIsExchangedUnderFiftyStreams() throws Exception {
    Certificates.Pair next = certificates.server("next", ca);
    BigInteger old = server.serial();
    // By a format, a client need not ask first: one handshake for each.
    StreamOptions captured = PATIENT.withFormat(PcmFormat.parse("48000/2/s16le"));
    List<Listening> listeners = new ArrayList<>();
    try (ServerProcess process = start(server)) {
      for (int i = 0; i < STREAMS; i++) {
        listeners.add(new Listening(LavalierClient.connect(to(process)), captured));
      }
      for (Listening each : listeners) {
        each.awaitFrames(1);
      }
      assertThat(certificates.serialShownBy(process.address(), ca)).isEqualTo(old);

      next.replace(server);
      long exchanged = System.nanoTime();
      while (!certificates.serialShownBy(process.address(), ca).equals(next.serial())) {
        assertThat(System.nanoTime() - exchanged)
            .as("still the old certificate\n%s", process.log())
            .isLessThan(TimeUnit.SECONDS.toNanos(20));
      }
      System.out.printf(
          "certificate exchanged under %d streams: new one shown after %.1f s%n",
          STREAMS, (System.nanoTime() - exchanged) / 1e9);

      try (Listening late = new Listening(LavalierClient.connect(to(process)), PATIENT)) {
        late.awaitFrames(FRAMES);
      }
      for (Listening each : listeners) {
        each.awaitFrames(1);
        assertThat(each.gaps()).isEmpty();
        assertThat(each.epochs()).isEqualTo(1);
        assertThat(each.notices()).isEmpty();
      }
    } finally {
      listeners.forEach(Listening::close);
    }
  }

  @Test
  void aServerWhoseCertificateHasExpiredIsNotTrustedAnyMore() throws Exception {
    Instant end = Instant.now().plusSeconds(8).truncatedTo(ChronoUnit.SECONDS);
    try (ServerProcess process = start(certificates.serverUntil(end, "late", ca));
        Listening good = new Listening(LavalierClient.connect(to(process)), PATIENT)) {
      good.awaitFrames(1);
      while (Instant.now().isBefore(end.plusSeconds(1))) {
        good.awaitFrames(FRAMES / 5);
      }
      assertRefused(
          to(process),
          Kind.TLS_FAILED,
          "(expected: a certificate that %s vouches for; that of CN=late has expired on %s)"
              .formatted(ca.certificate(), end));
      assertHeardEverything(good);
    }
  }

  @Test
  void aServerForWhichNobodyVouchesIsNotTrusted() throws Exception {
    Certificates.Pair self = certificates.selfSigned("self");
    try (ServerProcess process = start(self);
        Listening good =
            new Listening(
                LavalierClient.connect(
                    ConnectOptions.to(process.address()).withCa(self.certificate())),
                PATIENT)) {
      good.awaitFrames(1);
      assertRefused(to(process), Kind.TLS_FAILED, "its own has another issuer, or none");
      assertRefused(
          ConnectOptions.to(process.address()).withTls(),
          Kind.TLS_FAILED,
          "(expected: a certificate that Java trusts; its own has another issuer, or none)");
      assertHeardEverything(good);
    }
  }

  @Test
  void aServerOfAnotherCaOrNameIsNotTrusted() throws Exception {
    Certificates.Pair other = certificates.ca("other");
    Certificates.Pair named = certificates.serverOf("localhost", ca);
    try (ServerProcess process = start(named);
        Listening good = new Listening(LavalierClient.connect(byName(process)), PATIENT)) {
      good.awaitFrames(1);
      assertRefused(
          byName(process).withCa(other.certificate()),
          Kind.TLS_FAILED,
          "vouches for; its own has another issuer, or none)");
      assertRefused(
          to(process),
          Kind.TLS_FAILED,
          "(expected: a certificate for that name; No subject alternative names matching");
      assertHeardEverything(good);
    }
  }

  private ConnectOptions byName(ServerProcess process) {
    return ConnectOptions.to(process.address().replace("127.0.0.1", "localhost"))
        .withCa(ca.certificate());
  }

  @Test
  void aClientIsKnownByItsCertificateOrNotAtAll() throws Exception {
    Certificates.Pair other = certificates.ca("other");
    Certificates.Pair alice = certificates.client("alice", ca);
    Certificates.Pair mallory = certificates.client("mallory", other);
    Certificates.Pair late = certificates.expiredClient("late", ca);
    Certificates.Pair mixed = new Certificates.Pair(alice.certificate(), late.key());
    try (ServerProcess process = start(server, "--tls-client-ca", ca.certificate().toString());
        Listening good =
            new Listening(LavalierClient.connect(alice.shownIn(to(process))), PATIENT)) {
      good.awaitFrames(1);
      assertRefused(to(process), Kind.NOT_AUTHENTICATED, "cert: none (expected: a certificate");
      assertRefused(
          mallory.shownIn(to(process)),
          Kind.NOT_AUTHENTICATED,
          "cert: %s (expected: a certificate".formatted(mallory.certificate()));
      assertRefused(
          late.shownIn(to(process)), Kind.NOT_AUTHENTICATED, "that of CN=late has expired on 20");
      assertThatIllegalArgumentException()
          .isThrownBy(() -> LavalierClient.connect(mixed.shownIn(to(process))))
          .withMessage(
              "key: %s (expected: the private key of %s, in PEM, PKCS #8 without a password; it is"
                  + " another's)",
              mixed.key(), mixed.certificate());
      assertRefused(
          ConnectOptions.to(process.address()), Kind.UNAVAILABLE, "as one does that wants TLS)");
      assertHeardEverything(good);
      assertThat(process.log().lines())
          .anyMatch(line -> line.contains("refused 127.0.0.1:"))
          .noneMatch(line -> line.startsWith("\tat "));
    }
  }

  @Test
  void aServerWithoutEncryptionIsToldFromOneThatHasIt() throws Exception {
    try (ServerProcess process = ServerProcess.start(Map.of(), "--demo");
        Listening good = new Listening(process, PATIENT)) {
      good.awaitFrames(1);
      assertRefused(to(process), Kind.TLS_FAILED, "(expected: TLS; it answers without)");
      assertHeardEverything(good);
    }
  }

  @Test
  void onlyTls12AndLaterWillDo() throws Exception {
    try (ServerProcess process = start(server);
        Listening good = new Listening(LavalierClient.connect(to(process)), PATIENT)) {
      good.awaitFrames(1);
      for (String version : List.of("-tls1", "-tls1_1")) {
        Programs.Result refused = certificates.shakeHands(process.address(), ca, version);
        assertThat(refused.code()).isNotZero();
        assertThat(refused.err()).contains("alert protocol version");
      }
      for (String version : List.of("-tls1_2", "-tls1_3")) {
        Programs.Result taken = certificates.shakeHands(process.address(), ca, version);
        assertThat(taken.out()).contains("Verify return code: 0 (ok)");
      }
      assertHeardEverything(good);
    }
  }

  @Test
  void aServerThatComesBackIsTrustedAgainAndShownTheCertificateOfThatMoment() throws Exception {
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
    try (Listening listening =
        new Listening(LavalierClient.connect(alice.shownIn(to(process))), PATIENT)) {
      listening.awaitFrames(1);
      process.kill();
      listening.awaitNotice(Notice.Kind.RECONNECTING);
      // By then, the server knows clients of another CA alone.
      Certificates.Pair other = certificates.ca("other");
      Certificates.copy(other.certificate(), Path.of(args[6]));
      certificates.client("alice2", other).replace(alice);
      try (ServerProcess again = process.startAgain(Map.of(), args)) {
        listening.awaitNotice(Notice.Kind.RECONNECTED);
        listening.awaitEpochs(2, 20);
        assertThat(again.log().lines().filter(line -> line.startsWith("\tat "))).isEmpty();
      }
    } finally {
      process.close();
    }
  }

  private static void assertHeardEverything(Listening good) throws Exception {
    good.awaitFrames(FRAMES);
    assertThat(good.gaps()).isEmpty();
    assertThat(good.epochs()).isEqualTo(1);
    assertThat(good.notices()).isEmpty();
  }
}
