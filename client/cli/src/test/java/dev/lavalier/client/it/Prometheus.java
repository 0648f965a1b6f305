package dev.lavalier.client.it;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.OptionalDouble;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.DoublePredicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A real Prometheus on a free loopback port that scrapes one address twice a second. */
final class Prometheus implements AutoCloseable {

  private static final Pattern LISTENING =
      Pattern.compile("msg=\"Listening on\" address=127\\.0\\.0\\.1:(\\d+)");
  private static final long TIMEOUT_SECONDS = 20;
  private static final long POLL_INTERVAL_MILLIS = 200;

  private final HttpClient http = HttpClient.newHttpClient();
  private final Path dir;
  private final Process process;
  private final String address;

  private Prometheus(Path dir, Process process, String address) {
    this.dir = dir;
    this.process = process;
    this.address = address;
  }

  /** Skips the test if Prometheus is not installed. */
  static void assumeInstalled() {
    assumeTrue(
        ProcessRunner.succeeds("prometheus", "--version")
            && ProcessRunner.succeeds("promtool", "--version"),
        "Prometheus is not installed (Debian: prometheus)");
  }

  /** Starts a Prometheus that scrapes {@code HOST:PORT} as the job lavalier. */
  static Prometheus start(String target) throws Exception {
    Path dir = Files.createTempDirectory("lavalier-prometheus");
    Files.writeString(
        dir.resolve("prometheus.yml"),
        """
        global:
          scrape_interval: 500ms
          scrape_timeout: 500ms
        rule_files: ["%s"]
        scrape_configs:
          - job_name: lavalier
            static_configs:
              - targets: ["%s"]
        """
            .formatted(
                ProcessRunner.TOP.resolve("packaging/monitoring/prometheus/alerts.yml"), target));
    Path log = dir.resolve("prometheus.log");
    Process process =
        new ProcessBuilder(
                "prometheus",
                "--config.file=" + dir.resolve("prometheus.yml"),
                "--storage.tsdb.path=" + dir.resolve("data"),
                "--web.listen-address=127.0.0.1:0")
            .redirectErrorStream(true)
            .redirectOutput(log.toFile())
            .start();
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(TIMEOUT_SECONDS);
    while (process.isAlive() && System.nanoTime() < deadline) {
      Matcher matcher = LISTENING.matcher(Files.readString(log));
      if (matcher.find()) {
        return new Prometheus(dir, process, "http://127.0.0.1:" + matcher.group(1));
      }
      pause(process);
    }
    process.destroyForcibly();
    throw new IOException("Prometheus does not listen\n" + Files.readString(log));
  }

  private static void pause(Process process) throws InterruptedException {
    process.waitFor(POLL_INTERVAL_MILLIS, TimeUnit.MILLISECONDS);
  }

  /** Polls until the single value of an expression is as expected; returns the value. */
  double await(String expression, DoublePredicate condition) throws Exception {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(TIMEOUT_SECONDS);
    OptionalDouble value = query(expression);
    while (value.isEmpty() || !condition.test(value.getAsDouble())) {
      if (System.nanoTime() > deadline) {
        throw new TimeoutException(expression + " is " + value);
      }
      pause(process);
      value = query(expression);
    }
    return value.getAsDouble();
  }

  /** Returns the single value of an expression; empty if it has none. */
  OptionalDouble query(String expression) throws IOException, InterruptedException {
    JsonArray result =
        get("query?query=" + URLEncoder.encode(expression, StandardCharsets.UTF_8))
            .getAsJsonArray("result");
    if (result.size() > 1) {
      throw new AssertionError(expression + " has more than one value: " + result);
    }
    return result.isEmpty()
        ? OptionalDouble.empty()
        : OptionalDouble.of(
            result.get(0).getAsJsonObject().getAsJsonArray("value").get(1).getAsDouble());
  }

  /** Returns the number of alerting rules; fails if it cannot evaluate one of them. */
  int healthyRules() throws IOException, InterruptedException {
    int healthy = 0;
    for (var group : get("rules").getAsJsonArray("groups")) {
      for (var rule : group.getAsJsonObject().getAsJsonArray("rules")) {
        healthy += rule.getAsJsonObject().get("health").getAsString().equals("err") ? 0 : 1;
      }
    }
    return healthy;
  }

  private JsonObject get(String path) throws IOException, InterruptedException {
    HttpRequest request =
        HttpRequest.newBuilder(URI.create(address + "/api/v1/" + path))
            .timeout(Duration.ofSeconds(TIMEOUT_SECONDS))
            .build();
    String answer = http.send(request, BodyHandlers.ofString()).body();
    JsonObject json = JsonParser.parseString(answer).getAsJsonObject();
    if (!json.get("status").getAsString().equals("success")) {
      throw new AssertionError(path + ": " + answer);
    }
    return json.getAsJsonObject("data");
  }

  /** Returns the complaints of {@code promtool check metrics}; empty if there are none. */
  static String lint(String scrape) throws IOException, InterruptedException {
    Path file = Files.createTempFile("lavalier", ".scrape");
    try {
      Files.writeString(file, scrape);
      Process promtool =
          new ProcessBuilder(List.of("promtool", "check", "metrics"))
              .redirectInput(file.toFile())
              .redirectErrorStream(true)
              .start();
      String output = new String(promtool.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      int code = promtool.waitFor();
      return code == 0 ? output : output + "exit code " + code;
    } finally {
      Files.delete(file);
    }
  }

  @Override
  public void close() throws IOException {
    process.destroyForcibly().onExit().join();
    try (var files = Files.walk(dir)) {
      files.sorted(Comparator.reverseOrder()).map(Path::toFile).forEach(java.io.File::delete);
    }
  }
}
