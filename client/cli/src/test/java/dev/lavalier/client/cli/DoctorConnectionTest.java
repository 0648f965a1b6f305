package dev.lavalier.client.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lavalier.access.Credential;
import dev.lavalier.access.TlsFiles;
import dev.lavalier.access.TokenFile;
import dev.lavalier.client.ConnectOptions;
import dev.lavalier.client.FakeServer;
import dev.lavalier.client.LavalierClient;
import dev.lavalier.common.TimeSource;
import dev.lavalier.hub.HubConfig;
import dev.lavalier.netty.ServerTls;
import dev.lavalier.testing.Certificates;
import dev.lavalier.testing.TcpServer;
import io.grpc.Status;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What {@code lavalier doctor} says about TLS and access of a real server, over TCP. */
final class DoctorConnectionTest {

  @RegisterExtension final FakeServer fake = new FakeServer();

  @TempDir Path dir;

  private final CliRunner cli = new CliRunner(fake);
  private TcpServer server;

  @AfterEach
  void stop() {
    if (server != null) {
      server.close();
    }
  }

  /**
   * Starts a server.
   *
   * @param certificate the name of its certificate; empty: no TLS
   * @param clientCa the CA of its clients; empty: none
   * @param tokens the lines of its token file; empty: no access control
   */
  private void start(String certificate, String clientCa, String tokens) throws Exception {
    Optional<ServerTls> tls =
        certificate.isEmpty()
            ? Optional.empty()
            : Optional.of(
                new ServerTls(
                    new TlsFiles(
                        dir.resolve(certificate + ".pem"),
                        dir.resolve(certificate + ".key"),
                        clientCa.isEmpty()
                            ? Optional.empty()
                            : Optional.of(dir.resolve(clientCa + ".pem")))));
    server =
        TcpServer.start(
            "16000/1/s16le",
            HubConfig.DEFAULTS,
            new TcpServer.Access(
                tokens.isEmpty()
                    ? Optional.empty()
                    : Optional.of(
                        TokenFile.reloadable(Files.writeString(dir.resolve("tokens"), tokens))),
                tls,
                TimeSource.system(),
                Runnable::run));
  }

  /**
   * Creates the CA "ca" and the certificate "server" for loopback, which is valid for some days.
   */
  private Certificates certificates(int days) throws IOException, InterruptedException {
    Certificates certificates = Certificates.in(dir).ca("ca");
    issue(certificates, "server", "DNS:localhost,IP:127.0.0.1", days);
    return certificates;
  }

  private void issue(Certificates certificates, String name, String names, int days)
      throws IOException, InterruptedException {
    certificates.run(
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
        "-CA",
        ca(),
        "-CAkey",
        dir.resolve("ca.key").toString(),
        "-days",
        Integer.toString(days),
        "-subj",
        "/CN=" + name,
        "-addext",
        "basicConstraints=CA:FALSE",
        "-addext",
        "subjectAltName=" + names,
        "-keyout",
        dir.resolve(name + ".key").toString(),
        "-out",
        dir.resolve(name + ".pem").toString());
  }

  /** Runs the command; returns its lines. */
  private List<String> doctor(int exitCode, String... args) {
    return doctorAt("localhost:" + server.port(), exitCode, args);
  }

  private List<String> doctorAt(String address, int exitCode, String... args) {
    String[] all = new String[args.length + 3];
    System.arraycopy(new String[] {"doctor", "--server", address}, 0, all, 0, 3);
    System.arraycopy(args, 0, all, 3, args.length);
    int code = cli.run(all);
    List<String> lines = cli.out().lines().toList();
    assertThat(cli.err()).isEmpty();
    assertThat(code).as("%s", lines).isEqualTo(exitCode);
    cli.reset();
    return lines;
  }

  private String ca() {
    return dir.resolve("ca.pem").toString();
  }

  @Test
  void unreachableServerFails() throws Exception {
    int port;
    try (ServerSocket socket = new ServerSocket(0, 0, InetAddress.getLoopbackAddress())) {
      port = socket.getLocalPort();
    }
    assertThat(doctorAt("127.0.0.1:" + port, 1))
        .singleElement()
        .asString()
        .startsWith("fail  server   --server: 127.0.0.1:" + port)
        .contains("connection refused", ". Set --server to");
  }

  @Test
  void missingSocketFileHasItsOwnAdvice() {
    assertThat(doctorAt("unix:" + dir.resolve("none.sock"), 1))
        .singleElement()
        .asString()
        .contains("no such file", ". Set --server to", "--unix-socket, and that your user")
        .doesNotContain("firewall");
  }

  /** The server here has TLS, so a second connection would show its certificate. */
  @ParameterizedTest
  @CsvSource({
    "'it accepted the connection, but did not answer in 10 s', restart it",
    "no connection in 5 s; check the address and the firewall, firewall allows"
  })
  void serverIsNotAskedAgainAfterATimeout(String reason, String advice) throws Exception {
    certificates(60);
    start("server", "", "");
    String message = "server: mic:1 (expected: a Lavalier server; %s)".formatted(reason);
    List<Finding> findings = new ArrayList<>();
    try (ScriptedServer silent =
            ScriptedServer.start().withRefusal(Status.UNAVAILABLE.withDescription(message));
        LavalierClient client = LavalierClient.connect(silent.address())) {
      ConnectOptions options = ConnectOptions.builder("localhost:" + server.port()).build();
      assertThat(new ConnectionCheck(options, client, findings::add).run()).isEmpty();
    }
    assertThat(findings)
        .singleElement()
        .satisfies(
            finding ->
                assertThat(finding.line())
                    .startsWith("fail  server   --" + message + ". Set --server to")
                    .contains(advice));
  }

  @Test
  void testToneOfServerIsNoMicrophone() throws Exception {
    start("", "", "");
    assertThat(doctor(0))
        .filteredOn(line -> line.contains("  device   "))
        .singleElement()
        .asString()
        .startsWith("warn  device   tone was opened: it is the server's test tone");
    assertThat(doctor(0, "--device", "tone"))
        .contains("ok    device   tone was opened and read for a second");
  }

  @Test
  void validCertificateIsOk() throws Exception {
    certificates(60);
    start("server", "", "");
    assertThat(doctor(0, "--ca", ca()).get(1))
        .startsWith(
            "ok    tls      TLSv1.3, certificate for localhost, 127.0.0.1, issued by CN=ca,")
        .endsWith("(59 days)");
  }

  @Test
  void certificateThatExpiresSoonIsReported() throws Exception {
    certificates(5);
    start("server", "", "");
    assertThat(doctor(0, "--ca", ca()).get(1))
        .startsWith("warn  tls      TLSv1.3, certificate for localhost")
        .contains("(4 days). Ask the operator to renew it");
  }

  @Test
  void clientCertificateThatExpiresSoonIsReported() throws Exception {
    Certificates certificates = certificates(60);
    certificates.signed("ann", "/CN=ann", "ca");
    start("server", "ca", "ann certificate:CN=ann list=* stream=*\n");
    assertThat(
            doctor(
                0,
                "--ca",
                ca(),
                "--cert",
                dir.resolve("ann.pem").toString(),
                "--key",
                dir.resolve("ann.key").toString()))
        .satisfies(
            lines ->
                assertThat(lines.get(1))
                    .startsWith("warn  tls ")
                    .contains("this client's certificate for localhost", "(9 days)"),
            lines -> assertThat(lines.get(2)).contains("accepted, with a client certificate"));
  }

  @Test
  void untrustedIssuerAndOtherNameFail() throws Exception {
    Certificates certificates = certificates(60);
    certificates.ca("other");
    start("server", "", "");
    assertThat(doctor(1, "--ca", dir.resolve("other.pem").toString()))
        .satisfiesExactly(
            line -> assertThat(line).startsWith("ok    server   localhost:"),
            line ->
                assertThat(line)
                    .startsWith("fail  tls ")
                    .contains(
                        "another issuer",
                        "the certificate is for localhost, 127.0.0.1, issued by CN=ca",
                        "--ca"));
    server.close();
    issue(certificates, "studio", "DNS:studio.example", 60);
    start("studio", "", "");
    assertThat(doctor(1, "--ca", ca()))
        .last()
        .asString()
        .startsWith("fail  tls ")
        .contains("for that name", "the certificate is for studio.example", "--server");
  }

  @Test
  void expiredCertificateFails() throws Exception {
    Certificates certificates = Certificates.in(dir).ca("ca");
    certificates.expired("server", "/CN=localhost", "ca");
    try (ScriptedServer late = // a real server refuses to start with it
        ScriptedServer.start(
            transport ->
                transport.useTransportSecurity(
                    dir.resolve("server.pem").toFile(), dir.resolve("server.key").toFile()))) {
      assertThat(doctorAt(late.address(), 1, "--ca", ca()))
          .last()
          .asString()
          .startsWith("fail  tls ")
          .contains("expired on", "expired at", "Ask the operator to renew it");
    }
  }

  @Test
  void tlsOnOneSideOnlyFails() throws Exception {
    certificates(60);
    start("server", "", "");
    assertThat(doctor(1))
        .satisfiesExactly(
            line -> assertThat(line).startsWith("ok    server   "),
            line ->
                assertThat(line)
                    .startsWith("fail  tls      the server uses TLS, and this client does not")
                    .contains("issued by CN=ca", "Set --ca"));
    server.close();
    start("", "", "");
    assertThat(doctor(1, "--ca", ca()))
        .last()
        .asString()
        .startsWith("fail  tls ")
        .contains("the server answers without TLS", "omit --tls");
  }

  @Test
  void missingAndRefusedTokensFail() throws Exception {
    start("", "", "ann " + Credential.Token.of("lav_ann") + " list=tone\n");
    assertThat(doctor(1))
        .satisfiesExactly(
            line -> assertThat(line).startsWith("ok    server   "),
            line -> assertThat(line).startsWith("ok    tls "),
            line ->
                assertThat(line)
                    .startsWith("fail  access   --token-file or LAVALIER_TOKEN: unset")
                    .contains("Ask the operator for a token"));
    cli.withEnvironment(Map.of("LAVALIER_TOKEN", "lav_eve"));
    assertThat(doctor(1))
        .last()
        .asString()
        .startsWith("fail  access   --token-file or LAVALIER_TOKEN: ")
        .contains("token list")
        .doesNotContain("lav_eve");
    cli.withEnvironment(Map.of("LAVALIER_TOKEN", "lav_ann"));
    assertThat(doctor(1, "--device", "tone"))
        .anySatisfy(line -> assertThat(line).contains("accepted, with a token"))
        .anySatisfy(
            line ->
                assertThat(line)
                    .startsWith("fail  device   --device: tone")
                    .contains("grant to stream"));
  }

  @Test
  void requiredClientCertificateThatIsMissingFails() throws Exception {
    certificates(60);
    start("server", "ca", "ann certificate:CN=ann list=* stream=*\n");
    assertThat(doctor(1, "--ca", ca()))
        .last()
        .asString()
        .startsWith("fail  access ")
        .contains("--cert");
  }

  @Test
  void unknownDeviceFails() throws Exception {
    start("", "", "");
    assertThat(doctor(1, "--device", "moon"))
        .anySatisfy(
            line ->
                assertThat(line)
                    .startsWith("fail  device   --device: moon")
                    .contains("lavalier devices"));
  }

  @Test
  void invalidOptionIsWrongUsage() {
    assertThat(cli.run("doctor", "--ca", "no-ca.pem")).isEqualTo(2);
    assertThat(cli.err()).startsWith("--ca: no-ca.pem").hasLineCount(1);
    assertThat(cli.out()).isEmpty();
  }
}
