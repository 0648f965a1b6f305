package dev.lavalier.web;

import static dev.lavalier.web.WebFixture.PROTOCOL;
import static dev.lavalier.web.WebFixture.SERVICE;
import static dev.lavalier.web.WebFixture.limits;
import static org.assertj.core.api.Assertions.assertThat;

import dev.lavalier.hub.HubConfig;
import dev.lavalier.service.CallObserver;
import dev.lavalier.testing.HttpSocket;
import dev.lavalier.testing.HttpSocket.Response;
import dev.lavalier.testing.TcpServer;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Tests the requests that are no calls: pages, wrong requests, and requests of other sites. */
final class HttpConnectionTest {

  private static final Duration LONG = Duration.ofSeconds(30);

  @RegisterExtension final WebFixture web = new WebFixture();

  private static void assertHasSecurityHeaders(Response response) {
    Map.of(
            "Content-Security-Policy",
            "default-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none';"
                + " frame-ancestors 'none'",
            "X-Content-Type-Options",
            "nosniff",
            "Cross-Origin-Opener-Policy",
            "same-origin",
            "Cross-Origin-Embedder-Policy",
            "require-corp",
            "Cross-Origin-Resource-Policy",
            "same-origin",
            "Referrer-Policy",
            "no-referrer",
            "Cache-Control",
            "no-store")
        .forEach((name, value) -> assertThat(response.header(name)).as(name).contains(value));
  }

  @Test
  void pageIsServedOverOneConnection() throws Exception {
    HttpSocket connection = web.start().connect();
    Response page = connection.request("GET", "/");
    assertThat(page.status()).isEqualTo(200);
    assertThat(page.header("Content-Type")).contains("text/html; charset=utf-8");
    assertThat(page.body()).startsWith("<!doctype html>").contains("</html>");
    assertHasSecurityHeaders(page);
    assertThat(connection.request("GET", "/index.html").body()).isEqualTo(page.body());
    assertThat(connection.request("GET", "/?from=somewhere").body()).isEqualTo(page.body());
    Response head = connection.request("HEAD", "/");
    assertThat(head.header("Content-Length")).isEqualTo(page.header("Content-Length"));
    assertThat(connection.request("GET", "/").status()).isEqualTo(200);
  }

  @Test
  void connectionIsClosedOnRequest() throws Exception {
    HttpSocket connection = web.start().connect();
    assertThat(connection.request("GET", "/", "Connection: close").header("Connection"))
        .contains("close");
    assertThat(connection.isClosedByServer()).isTrue();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/nothing.html",
        "/index.txt",
        "/../WebServer.class",
        "/page/index.html",
        "/%69ndex.html",
        "/INDEX.HTML",
        "//index.html",
        "https://localhost/",
        "ftp://localhost/",
        "*",
        "/lavalier.v1.AudioCapture/StreamFrames",
        "/lavalier.v1.Admin/ListSubscriptions",
        "/grpc.health.v1.Health/Check",
        "/metrics"
      })
  void otherPathIsNotFound(String path) throws Exception {
    Response response = web.start().connect().request("GET", path);
    assertThat(response.status()).isEqualTo(404);
    assertThat(response.body())
        .isEqualTo(
            "path: "
                + path
                + " (expected: /, /devices/ID.wav, .flac, .opus or .ogg, or a method, such as /lavalier.v1.AudioCapture/PullFrames)\n");
    assertHasSecurityHeaders(response);
  }

  @ParameterizedTest
  @CsvSource({
    "POST, /, 'GET, HEAD'",
    "DELETE, /index.html, 'GET, HEAD'",
    "OPTIONS, /, 'GET, HEAD'",
    "POST, /lavalier.v1.AudioCapture/PullFrames, GET",
    "HEAD, /lavalier.v1.AudioCapture/PullFrames, GET",
  })
  void otherMethodIsNotAllowed(String method, String path, String allowed) throws Exception {
    Response response = web.start().connect().request(method, path);
    assertThat(response.status()).isEqualTo(405);
    assertThat(response.header("Allow")).contains(allowed);
    if (!method.equals("HEAD")) {
      assertThat(response.body()).isEqualTo("method: not allowed (expected: " + allowed + ")\n");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"Content-Length: 5", "Transfer-Encoding: chunked"})
  void requestWithBodyIsRejected(String header) throws Exception {
    HttpSocket connection = web.start().connect();
    Response response = connection.request("GET", "/", header);
    assertThat(response.status()).isEqualTo(413);
    assertThat(response.body()).isEqualTo("body: set (expected: no body)\n");
    assertThat(connection.isClosedByServer()).isTrue();
  }

  @Test
  void longRequestLineIsRejected() throws Exception {
    HttpSocket connection = web.start().connect();
    Response response = connection.request("GET", "/" + "a".repeat(4_096));
    assertThat(response.status()).isEqualTo(414);
    assertThat(response.body())
        .isEqualTo("request line: too long (expected: no more than 4096 bytes)\n");
    assertHasSecurityHeaders(response);
    assertThat(connection.isClosedByServer()).isTrue();
  }

  @Test
  void largeHeadersAreRejected() throws Exception {
    HttpSocket connection = web.start().connect();
    Response response = connection.request("GET", "/", "X-Long: " + "a".repeat(2_000));
    assertThat(response.status()).isEqualTo(431);
    assertThat(response.body())
        .isEqualTo("headers: too large (expected: no more than max-metadata-bytes)\n");
    assertThat(connection.isClosedByServer()).isTrue();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "\u0001\u0002\r\n\r\n",
        "GET /\r\n\r\n",
        "GET http://a\u0000b/ HTTP/1.1\r\nHost: localhost\r\n\r\n"
      })
  void otherProtocolIsRejected(String bytes) throws Exception {
    HttpSocket connection = web.start().connect().send(bytes);
    assertThat(connection.response().status()).isBetween(400, 403);
    connection.close();
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "GET / HTTP/1.1\r\nHost: localhost\r\n"})
  void slowRequestIsClosed(String start) throws Exception {
    HttpSocket connection = web.start(limits(Duration.ofSeconds(1), LONG)).connect().send(start);
    assertThat(connection.isClosedByServer()).isTrue();
  }

  @Test
  void idleConnectionIsClosed() throws Exception {
    HttpSocket connection = web.start(limits(Duration.ofSeconds(1), LONG)).connect();
    assertThat(connection.request("GET", "/").status()).isEqualTo(200);
    assertThat(connection.isClosedByServer()).isTrue();
  }

  // Host and Origin.

  @ParameterizedTest
  @ValueSource(
      strings = {
        "localhost",
        "LOCALHOST:8080",
        "localhost.:8080",
        "lavalier.localhost",
        "127.0.0.1:1",
        "127.9.9.9",
        "[::1]:8080",
        "studio.example",
        "studio.example:8443"
      })
  void ownHostIsAccepted(String host) throws Exception {
    web.start(
        TcpServer.start("16000/1/s16le", HubConfig.DEFAULTS),
        CallObserver.NONE,
        "https://studio.example");
    assertThat(web.connect().requestOf(host, "GET", "/").status()).isEqualTo(200);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "evil.example",
        "localhost.evil.example",
        "evil.example:8080",
        "192.0.2.1",
        "[2001:db8::1]:80",
        "127.0.0.1.evil.example",
        "2130706433",
        "0x7f.1",
      })
  void otherHostIsRefused(String host) throws Exception {
    Response response = web.start().connect().requestOf(host, "GET", "/");
    assertThat(response.status()).isEqualTo(403);
    assertThat(response.body())
        .isEqualTo(
            "host: %s (expected: a name or address of this server; if it is one, add --web-origin http://%s)\n"
                .formatted(host, host.replaceFirst(":80$", "")));
    assertHasSecurityHeaders(response);
  }

  @ParameterizedTest
  @ValueSource(strings = {"localhost@evil.example", "[::1", "localhost, evil.example"})
  void malformedHostIsRefused(String host) throws Exception {
    Response response = web.start().connect().requestOf(host, "GET", "/");
    assertThat(response.status()).isEqualTo(403);
    assertThat(response.body())
        .isEqualTo("host: " + host + " (expected: a name or address of this server)\n");
  }

  @Test
  void emptyHostIsRefused() throws Exception {
    Response response = web.start().connect().requestOf("", "GET", "/");
    assertThat(response.status()).isEqualTo(403);
    assertThat(response.body())
        .isEqualTo("host: empty (expected: a name or address of this server)\n");
  }

  @Test
  void requestWithoutHostOrWithTwoIsRejected() throws Exception {
    web.start();
    Response none = web.connect().send("GET / HTTP/1.1\r\n\r\n").response();
    assertThat(none.status()).isEqualTo(400);
    assertThat(none.body()).isEqualTo("host: unset (expected: once)\n");
    Response two = web.connect().request("GET", "http://localhost/", "Host: localhost");
    assertThat(two.status()).isEqualTo(400);
    assertThat(two.body()).isEqualTo("host: localhost, localhost (expected: once)\n");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "http://localhost",
        "http://localhost/",
        "HTTP://LOCALHOST:8080/index.html",
        "http://127.0.0.1:8080?from=somewhere"
      })
  void urlAsTargetIsAccepted(String target) throws Exception {
    web.start();
    Response response = web.connect().requestOf("evil.example", "GET", target);
    assertThat(response.status()).as(response.body()).isEqualTo(200);
    assertThat(response.body()).startsWith("<!doctype html>");
  }

  @Test
  void hostOfUrlReplacesHost() throws Exception {
    Response response = web.start().connect().request("GET", "http://evil.example/");
    assertThat(response.status()).isEqualTo(403);
    assertThat(response.body())
        .startsWith("host: evil.example (expected: a name or address of this server;");
    assertThat(
            web.connect()
                .request("GET", "http://localhost:1/", "Origin: http://localhost")
                .status())
        .isEqualTo(403);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "null",
        "https://localhost",
        "http://localhost:8080",
        "http://evil.example",
        "http://localhost.evil.example",
        "https://studio.example:8443",
        "http://studio.example",
        "file://",
        "",
        "http://localhost http://localhost"
      })
  void otherOriginIsRefused(String origin) throws Exception {
    web.start(
        TcpServer.start("16000/1/s16le", HubConfig.DEFAULTS),
        CallObserver.NONE,
        "https://studio.example");
    Response upgrade = web.connect().upgrade(SERVICE + "PullFrames", PROTOCOL, "Origin: " + origin);
    assertThat(upgrade.status()).isEqualTo(403);
    assertThat(upgrade.body())
        .isEqualTo(
            "origin: %s (expected: http://localhost, or one that web-origin lists)\n"
                .formatted(origin.isEmpty() ? "empty" : origin));
    assertHasSecurityHeaders(upgrade);
    Response page = web.connect().request("GET", "/", "Origin: " + origin);
    assertThat(page.status()).isEqualTo(403);
  }

  @ParameterizedTest
  @ValueSource(strings = {"http://localhost", "HTTP://LOCALHOST:80", "https://studio.example:443"})
  void ownAndListedOriginsAreAccepted(String origin) throws Exception {
    web.start(
        TcpServer.start("16000/1/s16le", HubConfig.DEFAULTS),
        CallObserver.NONE,
        "https://studio.example");
    web.open("PullFrames", "Origin: " + origin);
  }

  @Test
  void originOfPageHasPortOfHost() throws Exception {
    web.start();
    String host = "localhost:" + web.port();
    assertThat(web.connect().requestOf(host, "GET", "/", "Origin: http://" + host).status())
        .isEqualTo(200);
    assertThat(web.connect().requestOf(host, "GET", "/", "Origin: http://localhost").status())
        .isEqualTo(403);
  }

  @Test
  void webSocketCompressesNothing() throws Exception {
    Response response =
        web.start()
            .connect()
            .upgrade(
                SERVICE + "PullFrames",
                PROTOCOL,
                "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits");
    assertThat(response.status()).isEqualTo(101);
    assertThat(response.header("Sec-WebSocket-Extensions")).isEmpty();
    assertHasSecurityHeaders(response);
  }
}
