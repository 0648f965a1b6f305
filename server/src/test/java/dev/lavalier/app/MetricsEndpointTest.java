package dev.lavalier.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lavalier.observe.Metrics;
import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Tests the metrics over HTTP. */
final class MetricsEndpointTest {

  private final Metrics metrics = new Metrics("1.2.3");
  private final HttpClient client =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
  private MetricsEndpoint endpoint;

  @BeforeEach
  void start() throws IOException {
    endpoint = listen(0);
  }

  @AfterEach
  void stop() {
    endpoint.close();
    metrics.close();
  }

  private MetricsEndpoint listen(int port) throws IOException {
    InetAddress loopback = InetAddress.getLoopbackAddress();
    return new MetricsEndpoint(
        new InetSocketAddress(loopback, port),
        new AcceptedHosts(loopback, List.of("metrics.example")),
        metrics);
  }

  private HttpResponse<String> request(String method, String path, String... headers)
      throws IOException, InterruptedException {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(
                URI.create("http://127.0.0.1:" + endpoint.address().getPort() + path))
            .timeout(Duration.ofSeconds(10))
            .method(method, BodyPublishers.noBody());
    if (headers.length > 0) {
      request.headers(headers);
    }
    return client.send(request.build(), BodyHandlers.ofString());
  }

  private static String type(HttpResponse<?> response) {
    return response.headers().firstValue("Content-Type").orElseThrow();
  }

  @Test
  void getReturnsTextFormat() throws Exception {
    HttpResponse<String> response = request("GET", "/metrics");
    assertThat(response.statusCode()).isEqualTo(200);
    assertThat(type(response)).startsWith("text/plain; version=0.0.4");
    assertThat(response.body()).contains("lavalier_build_info{");
  }

  @Test
  void acceptHeaderSelectsOpenMetrics() throws Exception {
    HttpResponse<String> response =
        request(
            "GET",
            "/metrics",
            "Accept",
            "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5");
    assertThat(type(response)).startsWith("application/openmetrics-text; version=1.0.0");
    assertThat(response.body()).endsWith("# EOF\n");
  }

  @Test
  void headReturnsOnlyLength() throws Exception {
    HttpResponse<String> response = request("HEAD", "/metrics");
    assertThat(response.statusCode()).isEqualTo(200);
    assertThat(response.headers().firstValueAsLong("Content-Length").orElseThrow()).isPositive();
    assertThat(response.body()).isEmpty();
  }

  @Test
  void otherPathsAndMethodsAreRejected() throws Exception {
    assertThat(request("GET", "/").statusCode()).isEqualTo(404);
    assertThat(request("GET", "/metrics/").statusCode()).isEqualTo(404);
    assertThat(request("GET", "/metricsx").statusCode()).isEqualTo(404);
    HttpResponse<String> post = request("POST", "/metrics");
    assertThat(post.statusCode()).isEqualTo(405);
    assertThat(post.headers().firstValue("Allow")).hasValue("GET, HEAD");
  }

  /** The caller that starts the endpoint reports the port in use. */
  @Test
  void startFailsIfPortIsInUse() {
    assertThatThrownBy(() -> listen(endpoint.address().getPort()))
        .hasRootCauseInstanceOf(BindException.class);
  }

  /** Peers that send nothing cannot keep a scrape out, however many they are. */
  @Test
  void silentConnectionsDoNotDelayScrape() throws Exception {
    List<Socket> silent = new ArrayList<>();
    try {
      for (int i = 0; i < 200; i++) {
        Socket socket = new Socket(InetAddress.getLoopbackAddress(), endpoint.address().getPort());
        silent.add(socket);
        if (i % 2 == 0) {
          socket.getOutputStream().write("GET /metr".getBytes(StandardCharsets.US_ASCII));
        }
        if (i % 20 == 19) {
          assertThat(request("GET", "/metrics").statusCode()).isEqualTo(200);
        }
      }
      for (Socket socket : silent) {
        socket.setSoTimeout(10_000);
        assertThat(isClosed(socket)).isTrue(); // replaced, or after the timeout
      }
    } finally {
      for (Socket socket : silent) {
        socket.close();
      }
    }
  }

  private static boolean isClosed(Socket socket) throws IOException {
    try {
      return socket.getInputStream().read() == -1;
    } catch (SocketTimeoutException e) {
      return false;
    } catch (SocketException e) {
      return true; // reset
    }
  }

  private String statusLine(String request) throws IOException {
    try (Socket socket =
        new Socket(InetAddress.getLoopbackAddress(), endpoint.address().getPort())) {
      socket.setSoTimeout(10_000);
      socket.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
      return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8)
          .lines()
          .findFirst()
          .orElse("");
    }
  }

  /** A web page can point a name of its own to this address. */
  @Test
  void requestForUnknownHostIsRejected() throws Exception {
    String get = "GET /metrics HTTP/1.1\r\nHost: %s\r\n\r\n";
    for (String host : List.of("127.0.0.1:9464", "[::1]:9464", "localhost", "metrics.example:80")) {
      assertThat(statusLine(get.formatted(host))).isEqualTo("HTTP/1.1 200 OK");
    }
    for (String host : List.of("evil.example", "evil.example:9464", "localhost.evil.example", "")) {
      assertThat(statusLine(get.formatted(host))).isEqualTo("HTTP/1.1 403 Forbidden");
    }
    assertThat(statusLine(get.formatted("localhost\r\nHost: evil.example")))
        .isEqualTo("HTTP/1.1 400 Bad Request");
    assertThat(statusLine("GET /metrics HTTP/1.0\r\n\r\n")).isEqualTo("HTTP/1.1 200 OK");
    String getUrl = "GET http://%s/metrics HTTP/1.1\r\nHost: %s\r\n\r\n";
    assertThat(statusLine(getUrl.formatted("localhost:9464", "evil.example")))
        .isEqualTo("HTTP/1.1 200 OK");
    assertThat(statusLine(getUrl.formatted("evil.example", "localhost")))
        .isEqualTo("HTTP/1.1 403 Forbidden");
  }

  @Test
  void requestsThatAreTooLargeOrNoHttpAreRejected() throws Exception {
    assertThat(statusLine("GET /" + "a".repeat(5_000) + " HTTP/1.1\r\nHost: localhost\r\n\r\n"))
        .startsWith("HTTP/1.1 4");
    assertThat(
            statusLine(
                "GET /metrics HTTP/1.1\r\nHost: localhost\r\nX: " + "a".repeat(9_000) + "\r\n\r\n"))
        .startsWith("HTTP/1.1 4");
    assertThat(statusLine("GET a:b HTTP/1.1\r\nHost: localhost\r\n\r\n"))
        .isEqualTo("HTTP/1.1 404 Not Found");
    assertThat(request("GET", "/metrics").statusCode()).isEqualTo(200);
  }

  @Test
  void namesOfMachineAreAcceptedOnlyBeyondLoopback() throws Exception {
    String name = InetAddress.getLocalHost().getCanonicalHostName();
    AcceptedHosts everywhere = new AcceptedHosts(new InetSocketAddress(0).getAddress(), List.of());
    assertThat(everywhere.accepts(name + ":9464")).isTrue();
    assertThat(everywhere.accepts(name.toUpperCase(Locale.ROOT) + ".")).isTrue();
    assertThat(everywhere.accepts("studio:9464")).isTrue();
    assertThat(everywhere.accepts("192.0.2.7:9464")).isTrue();
    assertThat(everywhere.accepts("evil.example:9464")).isFalse();
    assertThat(new AcceptedHosts(InetAddress.getLoopbackAddress(), List.of()).accepts("a.example"))
        .isFalse();
  }

  @Test
  void threadIsDaemon() throws Exception {
    request("GET", "/metrics");
    assertThat(Thread.getAllStackTraces().keySet())
        .filteredOn(thread -> thread.getName().equals(MetricsEndpoint.THREAD))
        .isNotEmpty()
        .allMatch(Thread::isDaemon);
  }
}
