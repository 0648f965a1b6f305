package dev.lavalier.web;

import static dev.lavalier.web.WebFixture.PROTOCOL;
import static dev.lavalier.web.WebFixture.SERVICE;
import static dev.lavalier.web.WebFixture.assertEnds;
import static org.assertj.core.api.Assertions.assertThat;

import dev.lavalier.access.Credential;
import dev.lavalier.access.Reloadable;
import dev.lavalier.access.TlsFiles;
import dev.lavalier.access.TokenFile;
import dev.lavalier.hub.HubConfig;
import dev.lavalier.hub.SubscriberLimits;
import dev.lavalier.netty.ServerTls;
import dev.lavalier.service.CallObserver;
import dev.lavalier.testing.Certificates;
import dev.lavalier.testing.HttpSocket;
import dev.lavalier.testing.HttpSocket.Response;
import dev.lavalier.testing.LogLines;
import dev.lavalier.testing.ManualTimeSource;
import dev.lavalier.testing.TcpServer;
import dev.lavalier.v1.Device;
import dev.lavalier.v1.ListDevicesResponse;
import dev.lavalier.v1.PullFramesRequest;
import dev.lavalier.v1.StreamFramesRequest;
import io.netty.handler.ssl.JdkSslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.Optional;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Tests tokens, certificates and grants through the web port. */
final class WebAccessTest {

  private static final byte[] NOTHING = {};
  private static final String ANN = "lav_ann";
  private static final String NOT_ACCEPTED =
      "authorization: not accepted (expected: a token or certificate that this server knows)\n";

  @RegisterExtension final WebFixture web = new WebFixture();

  @TempDir private Path dir;
  private final ManualTimeSource accessTime = new ManualTimeSource();

  private static String entry(String name, String grants) {
    return "%s %s %s\n".formatted(name, Credential.Token.of("lav_" + name), grants);
  }

  private void writeTokens(String entries) throws IOException {
    Files.writeString(dir.resolve("tokens"), entries);
  }

  private Reloadable<TokenFile> tokens(String entries) throws Exception {
    writeTokens(entries);
    return TokenFile.reloadable(dir.resolve("tokens"));
  }

  private void start(String entries) throws Exception {
    start(Optional.of(tokens(entries)), Optional.empty());
  }

  private void start(Optional<Reloadable<TokenFile>> tokens, Optional<ServerTls> tls)
      throws Exception {
    start(HubConfig.DEFAULTS, tokens, tls);
  }

  private void start(
      HubConfig config, Optional<Reloadable<TokenFile>> tokens, Optional<ServerTls> tls)
      throws Exception {
    web.start(
        TcpServer.start(
            "16000/1/s16le", config, new TcpServer.Access(tokens, tls, accessTime, Runnable::run)),
        CallObserver.NONE);
  }

  private static String bearer(String token) {
    return "lavalier.bearer."
        + Base64.getUrlEncoder()
            .withoutPadding()
            .encodeToString(token.getBytes(StandardCharsets.UTF_8));
  }

  private static void assertListsTheTone(HttpSocket call) throws IOException {
    ListDevicesResponse devices = ListDevicesResponse.parseFrom(call.message(NOTHING).message());
    assertThat(devices.getDevicesList()).extracting(Device::getDeviceId).containsExactly("tone");
  }

  @Test
  void tokenIsASubprotocolOrAHeader() throws Exception {
    start(entry("ann", "stream=tone"));
    assertListsTheTone(
        WebFixture.open(web.connect(), "ListDevices", PROTOCOL + ", " + bearer(ANN)));
    assertListsTheTone(WebFixture.open(web.connect(), "ListDevices", bearer(ANN) + "," + PROTOCOL));
    assertListsTheTone(
        WebFixture.open(
            web.connect(), "ListDevices", bearer(ANN), "Sec-WebSocket-Protocol: " + PROTOCOL));
    assertListsTheTone(web.open("ListDevices", "Authorization: Bearer " + ANN));
    String basic =
        Base64.getEncoder().encodeToString(("anyone:" + ANN).getBytes(StandardCharsets.UTF_8));
    // A password that the browser remembers does not contradict the token of the page.
    assertListsTheTone(
        WebFixture.open(
            web.connect(),
            "ListDevices",
            PROTOCOL + "," + bearer(ANN),
            "Authorization: Basic " + basic));
  }

  @Test
  void passwordIsNoTokenOfAWebSocket() throws Exception {
    start(entry("ann", "stream=tone"));
    String basic = Base64.getEncoder().encodeToString((":" + ANN).getBytes(StandardCharsets.UTF_8));
    Response response =
        web.connect().upgrade(SERVICE + "ListDevices", PROTOCOL, "Authorization: Basic " + basic);
    assertThat(response.status()).isEqualTo(401);
    assertThat(response.body()).startsWith("authorization: unset (expected: ");
    assertThat(response.header("WWW-Authenticate")).contains("Bearer");
  }

  @ParameterizedTest
  @ValueSource(strings = {"lav_eve", "", "lav_ann "})
  void wrongTokenIsRejectedBeforeTheUpgrade(String token) throws Exception {
    start(entry("ann", "stream=tone"));
    try (LogLines log = LogLines.of("dev.lavalier.access.RejectionLog")) {
      Response response =
          web.connect().upgrade(SERVICE + "PullFrames", PROTOCOL + "," + bearer(token + "x"));
      assertThat(response.status()).isEqualTo(401);
      assertThat(response.header("WWW-Authenticate")).contains("Bearer");
      assertThat(response.body()).isEqualTo(NOT_ACCEPTED);
      assertThat(log.all())
          .singleElement(InstanceOfAssertFactories.STRING)
          .matches(
              "WARN refused 127\\.0\\.0\\.1:\\d+: lavalier\\.v1\\.AudioCapture/PullFrames,"
                  + " an unknown token");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"lavalier.bearer.%%%", "lavalier.bearer.", "lavalier.bearer.====="})
  void malformedTokenIsRejected(String protocol) throws Exception {
    start(entry("ann", "stream=tone"));
    Response response = web.connect().upgrade(SERVICE + "PullFrames", PROTOCOL + "," + protocol);
    assertThat(response.status()).isEqualTo(401);
    assertThat(response.body()).isEqualTo(NOT_ACCEPTED);
  }

  @Test
  void twoTokensAreRejected() throws Exception {
    start(entry("ann", "stream=tone"));
    Response response =
        web.connect()
            .upgrade(SERVICE + "PullFrames", PROTOCOL + "," + bearer(ANN) + "," + bearer(ANN));
    assertThat(response.status()).isEqualTo(401);
    assertThat(response.body())
        .isEqualTo("authorization: not understood (expected: \"Bearer TOKEN\", once)\n");
  }

  /** A page cannot see the status of a refused WebSocket. */
  @Test
  void requestWithoutUpgradeShowsWhetherTokenIsAccepted() throws Exception {
    start(entry("ann", "stream=tone"));
    String path = SERVICE + "GetServerInfo";
    assertThat(web.connect().request("GET", path).status()).isEqualTo(401);
    assertThat(web.connect().request("GET", path, "Authorization: Bearer no").status())
        .isEqualTo(401);
    assertThat(web.connect().request("GET", path, "Authorization: Bearer " + ANN).status())
        .isEqualTo(426);
  }

  @Test
  void requestWithoutUpgradeShowsWhichLimitIsReached() throws Exception {
    HubConfig config = new HubConfig(new SubscriberLimits(9, 9, 9, 1), Duration.ofSeconds(30));
    start(config, Optional.of(tokens(entry("ann", "stream=tone"))), Optional.empty());
    String path = SERVICE + "GetServerInfo";
    HttpSocket connection = web.connect();
    for (int i = 0; i < 202; i++) {
      assertThat(connection.request("GET", path, "Authorization: Bearer " + ANN).status())
          .isEqualTo(426);
    }
    Response upgrade = web.connect().upgrade(path, PROTOCOL + "," + bearer(ANN));
    assertThat(upgrade.status()).isEqualTo(429);
    assertThat(upgrade.body())
        .isEqualTo(
            "calls per second by ann: the limit of 20 is reached, after 202 calls at once; try"
                + " again later\n");
    Response asked = web.connect().request("GET", path, "Authorization: Bearer " + ANN);
    assertThat(asked.status()).isEqualTo(429);
    assertThat(asked.body()).isEqualTo(upgrade.body());
  }

  @Test
  void pageNeedsNoToken() throws Exception {
    start(entry("ann", "stream=tone"));
    assertThat(web.connect().request("GET", "/").status()).isEqualTo(200);
  }

  @Test
  void grantsAreThoseOfGrpc() throws Exception {
    start(entry("ann", "stream=tone") + entry("bob", "list=tone") + entry("eve", "list=mic"));
    PullFramesRequest request =
        PullFramesRequest.newBuilder()
            .setSubscribe(StreamFramesRequest.newBuilder().setDeviceId("tone"))
            .build();
    HttpSocket bob = web.open("PullFrames", "Authorization: Bearer lav_bob");
    assertEnds(
        bob.message(request.toByteArray()),
        4_007,
        "device_id: tone (expected: a device that bob may stream)");
    HttpSocket eve = web.open("PullFrames", "Authorization: Bearer lav_eve");
    assertEnds(
        eve.message(request.toByteArray()),
        4_005,
        "device_id: tone (expected: no device is available)");
  }

  @Test
  void wavStreamTakesTokenAsPassword() throws Exception {
    start(entry("ann", "stream=tone") + entry("bob", "list=tone"));
    String path = "/devices/tone.wav";
    Response without = web.connect().request("GET", path);
    assertThat(without.status()).isEqualTo(401);
    assertThat(without.header("WWW-Authenticate"))
        .contains("Basic realm=\"Lavalier\", charset=\"UTF-8\"");
    String basic = Base64.getEncoder().encodeToString((":" + ANN).getBytes(StandardCharsets.UTF_8));
    assertThat(web.connect().request("GET", path, "Authorization: Basic " + basic).status())
        .isEqualTo(200);
    Response bob = web.connect().request("GET", path, "Authorization: Bearer lav_bob");
    assertThat(bob.status()).isEqualTo(403);
    assertThat(bob.body()).isEqualTo("device_id: tone (expected: a device that bob may stream)\n");
  }

  @Test
  void revokedAccessEndsCalls() throws Exception {
    start(entry("ann", "stream=tone") + entry("bob", "stream=tone"));
    HttpSocket ann = web.open("WatchDevices", "Authorization: Bearer " + ANN);
    ann.message(NOTHING).message();
    HttpSocket wav = web.connect();
    wav.request("GET", "/devices/tone.wav", "Authorization: Bearer " + ANN);
    web.awaitSubscribers(1);
    writeTokens(entry("bob", "stream=tone"));
    accessTime.advance(Duration.ofSeconds(2));
    assertEnds(
        ann,
        4_016,
        "authorization: of ann (expected: access that has neither expired nor been revoked)");
    assertThat(wav.isClosedByServer()).isTrue();
    web.awaitSubscribers(0);
  }

  // TLS.

  private Certificates certificates() throws Exception {
    return Certificates.in(dir)
        .ca("ca")
        .signed("server", "/CN=server", "ca")
        .signed("ann", "/CN=ann", "ca");
  }

  private ServerTls tls(Certificates files, @Nullable String clientCa) throws Exception {
    return new ServerTls(
        new TlsFiles(
            files.file("server.pem"),
            files.file("server.key"),
            Optional.ofNullable(clientCa).map(files::file)));
  }

  private HttpSocket connect(Certificates files, @Nullable String own) throws Exception {
    SslContextBuilder trusting =
        SslContextBuilder.forClient()
            .sslProvider(SslProvider.JDK)
            .trustManager(files.file("ca.pem").toFile());
    if (own != null) {
      trusting.keyManager(files.file(own + ".pem").toFile(), files.file(own + ".key").toFile());
    }
    SSLSocket socket =
        (SSLSocket)
            ((JdkSslContext) trusting.build())
                .context()
                .getSocketFactory()
                .createSocket(InetAddress.getLoopbackAddress(), web.port());
    SSLParameters parameters = socket.getSSLParameters();
    parameters.setApplicationProtocols(new String[] {"h2", "http/1.1"});
    socket.setSSLParameters(parameters);
    socket.startHandshake();
    assertThat(socket.getApplicationProtocol()).isEqualTo("http/1.1");
    return web.add(new HttpSocket(socket));
  }

  @Test
  void pageAndCallsHaveTls() throws Exception {
    Certificates files = certificates();
    start(Optional.empty(), Optional.of(tls(files, null)));
    assertThat(connect(files, null).request("GET", "/").status()).isEqualTo(200);
    assertListsTheTone(WebFixture.open(connect(files, null), "ListDevices", PROTOCOL));
    HttpSocket page = connect(files, null);
    WebFixture.open(page, "PullFrames", PROTOCOL, "Origin: https://localhost");
    Response plain =
        connect(files, null).upgrade(SERVICE + "PullFrames", PROTOCOL, "Origin: http://localhost");
    assertThat(plain.status()).isEqualTo(403);
    assertThat(plain.body())
        .isEqualTo(
            "origin: http://localhost (expected: https://localhost, or one that web-origin"
                + " lists)\n");
  }

  @Test
  void clientCertificateIsACaller() throws Exception {
    Certificates files = certificates();
    start(
        Optional.of(tokens("ann certificate:CN=ann stream=tone\n")),
        Optional.of(tls(files, "ca.pem")));
    assertListsTheTone(WebFixture.open(connect(files, "ann"), "ListDevices", PROTOCOL));
    Response other = connect(files, "server").upgrade(SERVICE + "ListDevices", PROTOCOL);
    assertThat(other.status()).isEqualTo(401);
  }
}
