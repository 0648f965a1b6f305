package dev.lavalier.client.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lavalier.client.StreamOptions;
import dev.lavalier.testing.SlowTest;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** Tests the metrics of a real server, scraped by a real Prometheus. */
@SlowTest
final class MetricsIT {

  private static final Pattern METRICS_ADDRESS =
      Pattern.compile("metrics at http://(\\S+)/metrics");
  private static final StreamOptions TONE =
      StreamOptions.builder().deviceId("tone").maxLatency(Duration.ofSeconds(10)).build();

  private static String target(ServerProcess server) {
    Matcher matcher = METRICS_ADDRESS.matcher(server.log());
    assertThat(matcher.find()).as(server.log()).isTrue();
    return matcher.group(1);
  }

  private static String scrape(String target) throws IOException, InterruptedException {
    return HttpClient.newHttpClient()
        .send(
            HttpRequest.newBuilder(URI.create("http://" + target + "/metrics")).build(),
            BodyHandlers.ofString())
        .body();
  }

  @Test
  void prometheusScrapesMetrics() throws Exception {
    Prometheus.assumeInstalled();
    try (ServerProcess server = ServerProcess.start(Map.of(), "--demo", "--metrics-port", "0");
        Prometheus prometheus = Prometheus.start(target(server))) {
      prometheus.await("up{job=\"lavalier\"}", up -> up == 1);
      prometheus.await("sum(lavalier_device_state{state=\"open\"})", open -> open == 0);
      try (StreamRecorder recorder = new StreamRecorder(server, TONE)) {
        recorder.awaitFrames(50);
        prometheus.await("lavalier_device_subscribers{device=\"tone\"}", n -> n == 1);
        prometheus.await("lavalier_connections", n -> n > 0);
        prometheus.await("lavalier_device_state{device=\"tone\",state=\"open\"}", n -> n == 1);
        double first = prometheus.await("lavalier_frames_sent_total{device=\"tone\"}", n -> n > 0);
        prometheus.await("lavalier_frames_sent_total{device=\"tone\"}", n -> n > first + 50);
        // Each frame has 20 ms of 48 kHz, two channels of two bytes, and a few more bytes.
        prometheus.await(
            "lavalier_sent_bytes_total / lavalier_frames_sent_total",
            bytes -> bytes > 3_840 && bytes < 3_940);
        prometheus.await(
            "histogram_quantile(0.5, rate(lavalier_queue_age_seconds_bucket[10s]))",
            age -> age > 0 && age < 0.02);
        prometheus.await(
            "rate(lavalier_samples_captured_total{device=\"tone\"}[5s])",
            rate -> rate > 45_000 && rate < 51_000);
        assertThat(prometheus.query("sum(lavalier_samples_lost_total)")).hasValue(0);
      }
      prometheus.await("lavalier_device_subscribers{device=\"tone\"}", n -> n == 0);
      prometheus.await("lavalier_connections", n -> n == 0);
      prometheus.await(
          "lavalier_grpc_calls_ended_total{method=\"lavalier.v1.AudioCapture/StreamFrames\"}",
          n -> n == 1);
      assertThat(prometheus.healthyRules()).isEqualTo(14);
      assertThat(Prometheus.lint(scrape(target(server)))).isEmpty();
    }
  }

  @Test
  void metricsAreOffByDefault() throws Exception {
    try (ServerProcess server = ServerProcess.start(Map.of(), "--demo")) {
      assertThat(server.log()).doesNotContain("metrics at");
      assertThat(server.threads("lavalier-metric")).isEmpty();
    }
  }

  @Test
  void portInUsePrintsOneLine() throws Exception {
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      ProcessRunner.Result result =
          ProcessRunner.run(
              ServerProcess.command(
                  "--port", "0", "--metrics-port", Integer.toString(taken.getLocalPort())));
      assertThat(result.code()).isEqualTo(1);
      assertThat(result.out()).isEmpty();
      assertThat(result.err().strip())
          .isEqualTo(
              "metrics-port: %d (expected: a port that the server can listen on at 127.0.0.1;"
                      .formatted(taken.getLocalPort())
                  + " Address already in use)");
    }
  }
}
