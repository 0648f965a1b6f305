package dev.lavalier.observe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lavalier.testing.SlowTest;
import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
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
    return new MetricsEndpoint(
        new InetSocketAddress(InetAddress.getLoopbackAddress(), port), metrics);
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
    assertThat(Scrape.parse(response.body()).labels().get("lavalier_build_info"))
        .containsExactly("java", "version");
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
        .isInstanceOf(BindException.class);
  }

  @Test
  @SlowTest
  void whoSaysNothingHoldsUpNobodyForLong() throws Exception {
    List<Socket> holding = new ArrayList<>();
    try {
      for (int i = 0; i < MetricsEndpoint.THREADS; i++) {
        Socket socket = new Socket(InetAddress.getLoopbackAddress(), endpoint.address().getPort());
        holding.add(socket);
        socket.getOutputStream().write("GET /metr".getBytes(StandardCharsets.US_ASCII));
      }
      assertThat(request("GET", "/metrics").statusCode()).isEqualTo(200);
      for (Socket socket : holding) {
        socket.setSoTimeout(10_000);
        assertThat(socket.getInputStream().read())
            .isEqualTo(-1); // the endpoint has closed the connection
      }
    } finally {
      for (Socket socket : holding) {
        socket.close();
      }
    }
  }

  @Test
  void threadsAreDaemons() throws Exception {
    request("GET", "/metrics");
    assertThat(Thread.getAllStackTraces().keySet())
        .filteredOn(thread -> thread.getName().startsWith("lavalier-metrics-"))
        .isNotEmpty()
        .hasSizeLessThanOrEqualTo(MetricsEndpoint.THREADS)
        .allMatch(Thread::isDaemon);
  }
}
