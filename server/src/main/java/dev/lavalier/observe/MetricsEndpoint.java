package dev.lavalier.observe;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.lavalier.common.FailureLog;
import dev.lavalier.common.TimeSource;
import io.prometheus.metrics.expositionformats.ExpositionFormatWriter;
import io.prometheus.metrics.expositionformats.ExpositionFormats;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.LoggerFactory;

/**
 * Serves the metrics over HTTP: {@code GET /metrics}, in the text format of Prometheus or in
 * OpenMetrics, depending on {@code Accept}. Other requests fail with 404 or 405.
 *
 * <p>Requests run on {@value #THREADS} threads, {@code lavalier-metrics-N}. At most {@value
 * #MAX_QUEUED} requests wait for a thread; the server drops further requests. It closes a
 * connection that does not send its request, or does not read the response, within {@value
 * #REQUEST_TIMEOUT_SECONDS} s. {@link #close} does not wait for running requests.
 */
public final class MetricsEndpoint implements AutoCloseable {

  static final String PATH = "/metrics";
  static final int THREADS = 4;
  static final int MAX_QUEUED = 16;
  static final int REQUEST_TIMEOUT_SECONDS = 2;

  private static final int MAX_CONNECTIONS = 64;
  private static final int BACKLOG = 16;

  private final Metrics metrics;
  private final HttpServer server;
  private final ThreadPoolExecutor threads;
  private final FailureLog failures =
      new FailureLog(
          TimeSource.system(),
          LoggerFactory.getLogger(MetricsEndpoint.class),
          "a request for metrics");
  private final ExpositionFormats formats = ExpositionFormats.init();

  /**
   * Creates an endpoint and starts to listen.
   *
   * @param address the address to listen on; port 0 selects a free port
   * @param metrics the metrics to serve
   * @throws IOException if the endpoint cannot listen on the address
   */
  public MetricsEndpoint(InetSocketAddress address, Metrics metrics) throws IOException {
    setRequestLimits();
    this.metrics = metrics;
    this.server = HttpServer.create(address, BACKLOG);
    AtomicInteger count = new AtomicInteger();
    this.threads =
        new ThreadPoolExecutor(
            THREADS,
            THREADS,
            0,
            TimeUnit.SECONDS,
            new ArrayBlockingQueue<>(MAX_QUEUED),
            task -> {
              Thread thread = new Thread(task, "lavalier-metrics-" + count.incrementAndGet());
              thread.setDaemon(true);
              return thread;
            });
    server.setExecutor(threads);
    server.createContext("/", this::handle);
    server.start();
  }

  /**
   * Sets the limits of the JDK's HTTP server, which only system properties can set. Keeps values
   * that the operator has set.
   */
  private static void setRequestLimits() {
    System.getProperties()
        .putIfAbsent("sun.net.httpserver.maxReqTime", Integer.toString(REQUEST_TIMEOUT_SECONDS));
    System.getProperties()
        .putIfAbsent("sun.net.httpserver.maxRspTime", Integer.toString(REQUEST_TIMEOUT_SECONDS));
    System.getProperties()
        .putIfAbsent("jdk.httpserver.maxConnections", Integer.toString(MAX_CONNECTIONS));
  }

  /** Returns the address that the endpoint listens on. */
  public InetSocketAddress address() {
    return server.getAddress();
  }

  private void handle(HttpExchange exchange) throws IOException {
    try (exchange) {
      String method = exchange.getRequestMethod();
      if (!exchange.getRequestURI().getPath().equals(PATH)) {
        sendError(exchange, 404, "not found: only " + PATH + " is available\n");
      } else if (method.equals("GET") || method.equals("HEAD")) {
        writeMetrics(exchange);
      } else {
        exchange.getResponseHeaders().set("Allow", "GET, HEAD");
        sendError(exchange, 405, "not allowed: only GET and HEAD are allowed\n");
      }
    } catch (RuntimeException | Error e) { // the HTTP server does not log it
      failures.report("a request for metrics", e);
    }
  }

  private void writeMetrics(HttpExchange exchange) throws IOException {
    ExpositionFormatWriter writer =
        formats.findWriter(exchange.getRequestHeaders().getFirst("Accept"));
    ByteArrayOutputStream body = new ByteArrayOutputStream();
    writer.write(body, metrics.scrape());
    send(exchange, 200, writer.getContentType(), body.toByteArray());
  }

  private static void sendError(HttpExchange exchange, int status, String message)
      throws IOException {
    send(exchange, status, "text/plain; charset=utf-8", message.getBytes(StandardCharsets.UTF_8));
  }

  private static void send(HttpExchange exchange, int status, String type, byte[] body)
      throws IOException {
    exchange.getResponseHeaders().set("Content-Type", type);
    if (exchange.getRequestMethod().equals("HEAD")) {
      exchange.getResponseHeaders().set("Content-Length", Integer.toString(body.length));
      exchange.sendResponseHeaders(status, -1);
      return;
    }
    exchange.sendResponseHeaders(status, body.length);
    try (OutputStream out = exchange.getResponseBody()) {
      out.write(body);
    }
  }

  @Override
  public void close() {
    server.stop(0);
    threads.shutdownNow();
  }
}
