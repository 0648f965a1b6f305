package dev.lavalier.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lavalier.access.Reloadable;
import dev.lavalier.access.TlsFiles;
import dev.lavalier.access.TokenFile;
import dev.lavalier.hub.HubConfig;
import dev.lavalier.netty.ServerTls;
import dev.lavalier.testing.Certificates;
import dev.lavalier.testing.LogLines;
import dev.lavalier.testing.ManualTimeSource;
import dev.lavalier.testing.TcpServer;
import dev.lavalier.testing.TestSubscriber;
import dev.lavalier.v1.AudioCaptureGrpc;
import dev.lavalier.v1.AudioFrame;
import dev.lavalier.v1.ListDevicesRequest;
import dev.lavalier.v1.StreamFramesRequest;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.GrpcSslContexts;
import io.grpc.netty.NettyChannelBuilder;
import io.netty.handler.ssl.SslContextBuilder;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLHandshakeException;
import javax.net.ssl.SSLSocket;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tests TLS over TCP, with certificates from openssl. */
final class TlsTest {

  private static final String REFUSED = "WARN refused 127\\.0\\.0\\.1:\\d+: ";

  @TempDir private Path dir;
  private Certificates certificates;
  private final ManualTimeSource accessTime = new ManualTimeSource();
  private final List<ManagedChannel> channels = new ArrayList<>();
  private LogLines log;
  private TcpServer server;

  @BeforeEach
  void createCertificates() throws Exception {
    log = LogLines.of("dev.lavalier");
    certificates = Certificates.in(dir).ca("ca").signed("one", "/CN=one", "ca");
    use("one");
  }

  @AfterEach
  void stop() throws Exception {
    for (ManagedChannel channel : channels) {
      channel.shutdownNow().awaitTermination(5, TimeUnit.SECONDS);
    }
    if (server != null) {
      server.close();
    }
    log.close();
  }

  /** Replaces the server's certificate, as a renewal does. */
  private void use(String name) throws IOException {
    for (String suffix : List.of(".pem", ".key")) {
      Path next = Files.copy(certificates.file(name + suffix), dir.resolve("next"));
      Files.move(next, certificates.file("server" + suffix), StandardCopyOption.REPLACE_EXISTING);
    }
  }

  private void start(String clientCa, String tokens) throws Exception {
    start(clientCa, tokens, Runnable::run);
  }

  private void start(String clientCa, String tokens, Executor files) throws Exception {
    ServerTls tls =
        new ServerTls(
            new TlsFiles(
                certificates.file("server.pem"),
                certificates.file("server.key"),
                Optional.ofNullable(clientCa).map(certificates::file)));
    Optional<Reloadable<TokenFile>> file =
        tokens == null
            ? Optional.empty()
            : Optional.of(TokenFile.reloadable(Files.writeString(dir.resolve("tokens"), tokens)));
    server =
        TcpServer.start(
            "16000/1/s16le",
            HubConfig.DEFAULTS,
            new TcpServer.Access(file, Optional.of(tls), accessTime, files));
  }

  private ManagedChannel connect(String own) throws Exception {
    SslContextBuilder trusting =
        GrpcSslContexts.forClient().trustManager(certificates.file("ca.pem").toFile());
    if (own != null) {
      trusting.keyManager(
          certificates.file(own + ".pem").toFile(), certificates.file(own + ".key").toFile());
    }
    ManagedChannel channel =
        NettyChannelBuilder.forAddress("localhost", server.port())
            .overrideAuthority("localhost")
            .sslContext(trusting.build())
            .build();
    channels.add(channel);
    return channel;
  }

  private static TestSubscriber subscribe(ManagedChannel channel) {
    return TestSubscriber.subscribe(
            channel, StreamFramesRequest.newBuilder().setFrameSize(160).build())
        .requestAll();
  }

  private static Status list(ManagedChannel channel) {
    try {
      AudioCaptureGrpc.newBlockingStub(channel)
          .withDeadlineAfter(10, TimeUnit.SECONDS)
          .listDevices(ListDevicesRequest.getDefaultInstance());
      return Status.OK;
    } catch (StatusRuntimeException e) {
      return e.getStatus();
    }
  }

  /** Returns the subject of the certificate on a new connection, and the protocol. */
  private String presented(String... protocols) throws Exception {
    SslContextBuilder trusting =
        SslContextBuilder.forClient().trustManager(certificates.file("ca.pem").toFile());
    try (SSLSocket socket =
        (SSLSocket)
            ((io.netty.handler.ssl.JdkSslContext) trusting.build())
                .context()
                .getSocketFactory()
                .createSocket(InetAddress.getLoopbackAddress(), server.port())) {
      socket.setSoTimeout(10_000);
      if (protocols.length > 0) {
        socket.setEnabledProtocols(protocols);
      }
      socket.startHandshake();
      return socket.getSession().getPeerPrincipal() + " " + socket.getSession().getProtocol();
    }
  }

  private void presentCertificate(String own) throws Exception {
    Process client =
        new ProcessBuilder(
                "openssl",
                "s_client",
                "-connect",
                "127.0.0.1:" + server.port(),
                "-cert",
                certificates.file(own + ".pem").toString(),
                "-key",
                certificates.file(own + ".key").toString())
            .redirectErrorStream(true)
            .redirectOutput(dir.resolve("s_client.log").toFile())
            .start();
    client.getOutputStream().close();
    assertThat(client.waitFor(10, TimeUnit.SECONDS)).isTrue();
  }

  @Test
  void newConnectionsGetReloadedCertificateAndStreamsContinue() throws Exception {
    start(null, null);
    assertThat(log.all()).anyMatch(l -> l.matches("INFO certificate: CN=one until 20\\S+Z"));
    assertThat(presented()).isEqualTo("CN=one TLSv1.3");
    assertThat(presented("TLSv1.2")).isEqualTo("CN=one TLSv1.2");
    TestSubscriber running = subscribe(connect(null));
    running.nextStarted();
    long next = running.nextFrame().getSampleIndex();

    certificates.signed("two", "/CN=two", "ca");
    use("two");
    assertThat(presented()).startsWith("CN=one"); // the file has not been checked yet
    accessTime.advance(Duration.ofSeconds(1));
    assertThat(log.await(l -> l.contains("reloaded")))
        .matches("INFO certificate reloaded: CN=two until 20\\S+Z");
    assertThat(presented()).startsWith("CN=two");

    Files.copy(
        certificates.file("one.key"),
        certificates.file("server.key"),
        StandardCopyOption.REPLACE_EXISTING);
    accessTime.advance(Duration.ofSeconds(1));
    accessTime.advance(Duration.ofSeconds(1));
    assertThat(log.all().stream().filter(l -> l.startsWith("ERROR")))
        .containsExactly(
            "ERROR certificate not reloaded, keeping the old one: tls-key: "
                + certificates.file("server.key")
                + " (expected: the key of the certificate in "
                + certificates.file("server.pem")
                + ")");
    assertThat(presented()).startsWith("CN=two");
    assertThat(list(connect(null))).isEqualTo(Status.OK);

    for (AudioFrame frame : running.nextFrames(20)) {
      next += 160 + frame.getGap().getSampleCount(); // a busy machine can lose samples
      assertThat(frame.getSampleIndex()).isEqualTo(next);
    }
  }

  @Test
  void onlyCertificatesOfClientCaAreAccepted() throws Exception {
    certificates.signed("ann", "/O=Studio/CN=Ann Lee", "ca");
    certificates.ca("other").signed("eve", "/CN=eve", "other").expired("late", "/CN=late", "ca");
    Files.copy(certificates.file("ca.pem"), certificates.file("clients.pem"));
    start("clients.pem", null);
    TestSubscriber ann = subscribe(connect("ann"));
    ann.nextStarted();
    assertThat(server.hub().subscriptions())
        .singleElement()
        .matches(s -> s.subscriber().identity().equals("CN=Ann Lee,O=Studio"));

    assertThat(list(connect("late")).getCode()).isEqualTo(Status.Code.UNAVAILABLE);
    log.await(
        l ->
            l.matches(
                REFUSED
                    + "TLS handshake, PKIX path validation failed: validity check failed:"
                    + " NotAfter: .*"));
    assertThat(list(connect(null)).getCode()).isEqualTo(Status.Code.UNAVAILABLE);
    log.await(
        l ->
            l.matches(
                REFUSED
                    + "TLS handshake, the client sent no certificate, or has none of the client"
                    + " CA"));
    assertThat(list(connect("eve")).getCode()).isEqualTo(Status.Code.UNAVAILABLE);
    presentCertificate("eve"); // Java does not send a certificate of another CA; openssl does
    log.await(
        l ->
            l.matches(
                REFUSED
                    + "TLS handshake, PKIX path building failed: unable to find valid"
                    + " certification path to requested target.*"));
    assertThat(log.all()).noneMatch(l -> l.contains("stack trace"));

    // Another CA replaces the first one for new connections.
    Files.copy(
        certificates.file("other.pem"),
        certificates.file("clients.pem"),
        StandardCopyOption.REPLACE_EXISTING);
    accessTime.advance(Duration.ofSeconds(1));
    log.await(l -> l.matches("INFO certificate reloaded: CN=one until .*, clients of CN=other"));
    assertThat(list(connect("eve"))).isEqualTo(Status.OK);
    assertThat(list(connect("ann")).getCode()).isEqualTo(Status.Code.UNAVAILABLE);
    ann.nextFrames(5);
  }

  @Test
  void expiryOfClientCertificateEndsItsStreams() throws Exception {
    certificates.signed("ann", "/CN=ann", "ca");
    start("ca.pem", null, task -> {}); // a file system that hangs
    TestSubscriber ann = subscribe(connect("ann"));
    ann.nextStarted();
    accessTime.advance(Duration.ofSeconds(1)); // this time source starts in 2023
    ann.nextFrames(5);
    accessTime.advance(Duration.ofDays(20 * 365));
    Status status = ann.awaitStatus();
    assertThat(status.getCode()).isEqualTo(Status.Code.UNAUTHENTICATED);
    assertThat(status.getDescription())
        .isEqualTo(
            "authorization: of CN=ann (expected: access that has neither expired nor been"
                + " revoked)");
  }

  @Test
  void tokenFileGrantsAccessToCertificate() throws Exception {
    certificates.signed("ann", "/O=Studio/CN=Ann Lee", "ca").signed("bob", "/CN=bob", "ca");
    start("ca.pem", "ann \"certificate:CN=Ann Lee, O=Studio\" stream=tone\n");
    TestSubscriber ann = subscribe(connect("ann"));
    ann.nextStarted();
    assertThat(server.hub().subscriptions().get(0).subscriber().identity()).isEqualTo("ann");
    Status bob = list(connect("bob"));
    assertThat(bob.getCode()).isEqualTo(Status.Code.UNAUTHENTICATED);
    log.await(
        l ->
            l.matches(
                REFUSED
                    + "lavalier.v1.AudioCapture/ListDevices, no entry for the certificate CN=bob"));

    Files.writeString(dir.resolve("tokens"), "# no entries\n");
    accessTime.advance(Duration.ofSeconds(1));
    assertThat(ann.awaitStatus().getCode()).isEqualTo(Status.Code.UNAUTHENTICATED);
  }

  @Test
  void failedHandshakeLogsOneLine() throws Exception {
    start(null, null);
    certificates.ca("stranger");
    Path trusted = certificates.file("ca.pem");
    Files.copy(certificates.file("stranger.pem"), trusted, StandardCopyOption.REPLACE_EXISTING);
    assertThat(list(connect(null)).getCode()).isEqualTo(Status.Code.UNAVAILABLE);
    log.await(l -> l.matches(REFUSED + "TLS handshake, Received fatal alert: certificate_unknown"));

    ManagedChannel plain =
        NettyChannelBuilder.forAddress("localhost", server.port()).usePlaintext().build();
    channels.add(plain);
    assertThat(list(plain).getCode()).isEqualTo(Status.Code.UNAVAILABLE);
    log.await(l -> l.matches(REFUSED + "TLS handshake, the peer did not send TLS"));

    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.port())) {
      socket
          .getOutputStream()
          .write(
              "GET / HTTP/1.1\r\nauthorization: lav_secret\r\n\r\n"
                  .getBytes(StandardCharsets.US_ASCII));
      assertThat(socket.getInputStream().readAllBytes()).hasSizeLessThan(100);
    }
    new Socket(InetAddress.getLoopbackAddress(), server.port())
        .close(); // checks that the port still accepts connections
    assertThat(list(connect(null)).getCode()).isEqualTo(Status.Code.UNAVAILABLE);
    assertThat(log.all()).noneMatch(l -> l.contains("stack trace") || l.contains("lav_"));
  }

  @Test
  void expiringCertificateIsLoggedEachDay() throws Exception {
    start(null, null);
    Duration untilIssued =
        Duration.between(Instant.ofEpochSecond(0, accessTime.unixNanos()), Instant.now());
    accessTime.advance(untilIssued.plusDays(2));
    accessTime.advance(Duration.ofDays(1));
    assertThat(log.all().stream().filter(l -> l.contains(" left: ")).skip(1))
        .last(InstanceOfAssertFactories.STRING)
        .matches("WARN certificate: [67] days left: CN=one until .*");
    accessTime.advance(Duration.ofDays(10));
    assertThat(log.all())
        .anyMatch(
            l -> l.startsWith("ERROR certificate: expired, clients that verify it cannot connect"));
  }

  @Test
  void oldProtocolsAreRejected() throws Exception {
    start(null, null);
    org.assertj.core.api.Assertions.assertThatThrownBy(() -> presented("TLSv1.1"))
        .isInstanceOf(SSLHandshakeException.class);
  }
}
