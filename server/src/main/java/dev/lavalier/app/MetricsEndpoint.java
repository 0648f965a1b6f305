package dev.lavalier.app;

import dev.lavalier.common.LogText;
import dev.lavalier.netty.HttpListener;
import dev.lavalier.netty.HttpListener.Request;
import dev.lavalier.netty.HttpListener.Response;
import dev.lavalier.observe.Metrics;
import io.prometheus.metrics.expositionformats.ExpositionFormatWriter;
import io.prometheus.metrics.expositionformats.ExpositionFormats;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;

/**
 * Serves the metrics over HTTP: {@code GET /metrics}, in the text format of Prometheus or in
 * OpenMetrics, depending on {@code Accept}. Other requests fail with 404 or 405, and those that
 * {@link AcceptedHosts} rejects with 403. Requests run on the thread {@code lavalier-metrics}.
 */
final class MetricsEndpoint implements AutoCloseable {

  static final String THREAD = "lavalier-metrics";

  private static final String PATH = "/metrics";

  private final Metrics metrics;
  private final AcceptedHosts hosts;
  private final ExpositionFormats formats = ExpositionFormats.init();
  private final HttpListener listener;

  /**
   * Creates an endpoint and starts to listen.
   *
   * @param address the address to listen on; port 0 selects a free port
   * @param hosts the hosts that requests can name
   * @param metrics the metrics to serve
   * @throws IOException if the endpoint cannot listen on the address
   */
  MetricsEndpoint(InetSocketAddress address, AcceptedHosts hosts, Metrics metrics)
      throws IOException {
    this.metrics = metrics;
    this.hosts = hosts;
    this.listener = new HttpListener(address, THREAD, this::respond);
  }

  /** Returns the address that the endpoint listens on. */
  InetSocketAddress address() {
    return listener.address();
  }

  private Response respond(Request request) {
    if (request.host().isPresent() && !hosts.accepts(request.host().get())) {
      return error(
          403,
          Map.of(),
          "host: %s (expected: an IP address, a name without dots, or a name that --metrics-host lists)"
              .formatted(
                  request.host().get().isEmpty()
                      ? "empty"
                      : LogText.sanitizeAndTruncate(request.host().get())));
    } else if (!request.path().equals(PATH)) {
      return error(404, Map.of(), "not found: only " + PATH + " is available");
    } else if (!request.method().equals("GET") && !request.method().equals("HEAD")) {
      return error(405, Map.of("Allow", "GET, HEAD"), "not allowed: only GET and HEAD are allowed");
    }
    ExpositionFormatWriter writer = formats.findWriter(request.accept().orElse(null));
    ByteArrayOutputStream body = new ByteArrayOutputStream();
    try {
      writer.write(body, metrics.scrape());
    } catch (IOException e) {
      throw new UncheckedIOException(e); // memory has no such errors
    }
    return new Response(
        200,
        Map.of("Content-Type", writer.getContentType()),
        body.toString(StandardCharsets.UTF_8));
  }

  private static Response error(int status, Map<String, String> headers, String message) {
    Map<String, String> all = new HashMap<>(headers);
    all.put("Content-Type", "text/plain; charset=utf-8");
    return new Response(status, all, message + "\n");
  }

  @Override
  public void close() {
    listener.close();
  }
}
