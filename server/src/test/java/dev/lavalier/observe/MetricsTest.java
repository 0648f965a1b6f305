package dev.lavalier.observe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.google.gson.JsonElement;
import com.google.gson.JsonParser;
import dev.lavalier.capture.virtual.ToneDevice;
import dev.lavalier.hub.ResourceLimits;
import dev.lavalier.testing.LavalierExtension;
import dev.lavalier.testing.TestSubscriber;
import dev.lavalier.v1.DeviceState;
import dev.lavalier.v1.OnDeviceLoss;
import dev.lavalier.v1.StreamFramesRequest;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Tests the metrics of devices and streams, and their documentation. */
final class MetricsTest {

  private static final Path TABLE = Path.of("../docs/reference/metrics.md");
  private static final Path MONITORING = Path.of("../packaging/monitoring");
  private static final Pattern ROW =
      Pattern.compile("\\| `([a-z0-9_]+)` \\| (\\w+) \\| ([^|]*) \\| [^|]+ \\|");
  private static final Pattern METRIC =
      Pattern.compile("\\b(lavalier|jvm|process|system)_[a-z0-9_]+");

  private static final StreamFramesRequest MIC =
      StreamFramesRequest.newBuilder()
          .setDeviceId("mic")
          .setFrameSize(480)
          .setMaxLatencyMs(60_000)
          .setOnDeviceLoss(OnDeviceLoss.ON_DEVICE_LOSS_WAIT)
          .build();

  private final Metrics metrics = new Metrics("1.2.3");

  @RegisterExtension
  final LavalierExtension lavalier =
      LavalierExtension.withManualTime()
          .withScripted("mic")
          .withCaptureFormat("48000/1/s16le")
          .withObserver(metrics);

  @BeforeEach
  void watch() {
    metrics.watch(lavalier.hub()::devices);
  }

  @AfterEach
  void close() {
    metrics.close();
  }

  private TestSubscriber subscribeAndReceive(int frames) throws Exception {
    TestSubscriber subscriber = lavalier.subscribe(MIC).requestAll();
    subscriber.nextStarted();
    lavalier.advance(Duration.ofMillis(10L * frames), 1);
    subscriber.nextFrames(frames);
    awaitSent(frames);
    return subscriber;
  }

  /** Waits for the count: a frame is counted after it is sent. */
  private void awaitSent(int frames) throws Exception {
    long end = System.nanoTime() + 10_000_000_000L;
    while (values().getOrDefault("lavalier_frames_sent_total{device=\"mic\"}", 0.0) < frames) {
      assertThat(System.nanoTime()).isLessThan(end);
      Thread.onSpinWait();
    }
  }

  private Map<String, Double> values() throws Exception {
    Map<String, Double> values = Scrape.of(metrics).values();
    values.keySet().removeIf(series -> !series.startsWith("lavalier_"));
    return values;
  }

  @Test
  void sentFramesAreCounted() throws Exception {
    subscribeAndReceive(30);
    assertThat(values())
        .containsEntry("lavalier_frames_sent_total{device=\"mic\"}", 30.0)
        .containsEntry("lavalier_samples_captured_total{device=\"mic\"}", 14_400.0)
        .containsEntry("lavalier_queue_age_seconds_count{device=\"mic\"}", 30.0)
        .containsEntry("lavalier_subscriptions_total{device=\"mic\"}", 1.0)
        .containsEntry("lavalier_device_subscribers{device=\"mic\"}", 1.0)
        .containsEntry("lavalier_device_subscribers{device=\"tone\"}", 0.0)
        .containsEntry("lavalier_device_state{device=\"mic\",state=\"open\"}", 1.0)
        .containsEntry("lavalier_device_state{device=\"mic\",state=\"closed\"}", 0.0)
        .containsEntry("lavalier_device_state{device=\"tone\",state=\"closed\"}", 1.0)
        .containsEntry("lavalier_device_openings_total{device=\"mic\"}", 1.0)
        .doesNotContainKey("lavalier_frames_sent_total{device=\"tone\"}");
    assertThat(values().get("lavalier_sent_bytes_total{device=\"mic\"}"))
        .isBetween(30 * 960.0, 30 * 1_100.0);
  }

  @Test
  void levelOfOpenDeviceIsReported() throws Exception {
    TestSubscriber subscriber = subscribeAndReceive(99);
    assertThat(values()).doesNotContainKey("lavalier_device_level_peak_ratio{device=\"mic\"}");
    lavalier.advance(Duration.ofMillis(10), 1);
    Map<String, Double> values = values();
    assertThat(values.get("lavalier_device_level_peak_ratio{device=\"mic\"}"))
        .isCloseTo(ToneDevice.PEAK, within(1e-3));
    assertThat(values.get("lavalier_device_level_rms_ratio{device=\"mic\"}"))
        .isCloseTo(ToneDevice.PEAK / Math.sqrt(2), within(1e-3));
    subscriber.cancel();
    lavalier.awaitState("mic", DeviceState.DEVICE_STATE_CLOSED);
    assertThat(values())
        .doesNotContainKey("lavalier_device_level_peak_ratio{device=\"mic\"}")
        .doesNotContainKey("lavalier_device_level_rms_ratio{device=\"mic\"}");
  }

  @Test
  void levelOfEarlierEpochIsNotReported() throws Exception {
    TestSubscriber subscriber = subscribeAndReceive(100);
    subscriber.cancel();
    lavalier.awaitState("mic", DeviceState.DEVICE_STATE_CLOSED);
    subscriber = lavalier.subscribe(MIC).requestAll();
    subscriber.nextStarted();
    assertThat(values()).doesNotContainKey("lavalier_device_level_peak_ratio{device=\"mic\"}");
    subscriber.cancel();
  }

  @Test
  void expiredFramesAreCounted() throws Exception {
    TestSubscriber subscriber = lavalier.subscribe(MIC).request(1);
    subscriber.nextStarted();
    lavalier.advance(Duration.ofMillis(300), 1);
    subscriber.request(30).nextFrames(30);
    awaitSent(30);
    assertThat(values())
        .containsEntry("lavalier_queue_age_seconds_count{device=\"mic\"}", 30.0)
        .containsEntry("lavalier_queue_age_seconds_bucket{device=\"mic\",le=\"0.1\"}", 11.0)
        .containsEntry("lavalier_queue_age_seconds_bucket{device=\"mic\",le=\"0.5\"}", 30.0);
    assertThat(values().get("lavalier_queue_age_seconds_sum{device=\"mic\"}"))
        .isCloseTo(4.35, within(1e-6));
  }

  @Test
  void lossOfSlowSubscriberIsCounted() throws Exception {
    TestSubscriber subscriber =
        lavalier.subscribe(MIC.toBuilder().setMaxLatencyMs(100).build()).request(1);
    subscriber.nextStarted();
    lavalier.advance(Duration.ofMillis(300), 1);
    subscriber.request(1);
    long lost = subscriber.nextFrame().getGap().getSampleCount();
    assertThat(lost).isPositive();
    awaitSent(1);
    assertThat(values())
        .containsEntry(
            "lavalier_samples_lost_total{cause=\"slow_subscriber\",device=\"mic\"}", (double) lost)
        .containsEntry("lavalier_samples_lost_total{cause=\"device_lost\",device=\"mic\"}", 0.0);
  }

  @Test
  void lossAndRecoveryOfDeviceAreCounted() throws Exception {
    TestSubscriber subscriber = subscribeAndReceive(10);
    metrics.streamMetrics("mic").onClock(-25);
    assertThat(values()).containsEntry("lavalier_device_clock_drift_ratio{device=\"mic\"}", -25e-6);
    lavalier.script("mic").throwsOnRead = true;
    lavalier.timeSource().advance(Duration.ofMillis(10));
    lavalier.awaitState("mic", DeviceState.DEVICE_STATE_LOST);
    assertThat(values())
        .containsEntry("lavalier_device_losses_total{device=\"mic\"}", 1.0)
        .containsEntry("lavalier_device_reopenings_total{device=\"mic\"}", 0.0)
        .containsEntry("lavalier_device_state{device=\"mic\",state=\"lost\"}", 1.0);

    lavalier.script("mic").throwsOnRead = false;
    int before = subscriber.received();
    lavalier.advanceUntil(Duration.ofMillis(10), () -> subscriber.received() >= before + 20);
    lavalier.awaitState(
        "mic", DeviceState.DEVICE_STATE_OPEN); // the state is published after the count
    assertThat(values())
        .containsEntry("lavalier_device_reopenings_total{device=\"mic\"}", 1.0)
        .doesNotContainKey("lavalier_device_clock_drift_ratio{device=\"mic\"}");
    assertThat(values().get("lavalier_samples_lost_total{cause=\"device_lost\",device=\"mic\"}"))
        .isPositive();
  }

  @Test
  void removedDeviceKeepsItsCounters() throws Exception {
    TestSubscriber subscriber = subscribeAndReceive(10);
    subscriber.cancel();
    lavalier.awaitState("mic", DeviceState.DEVICE_STATE_CLOSED);
    lavalier.script("mic").unplug();
    lavalier.advanceUntil(Duration.ofSeconds(1), () -> !lavalier.deviceIds().contains("mic"));
    assertThat(values())
        .containsEntry("lavalier_frames_sent_total{device=\"mic\"}", 10.0)
        .doesNotContainKey("lavalier_device_subscribers{device=\"mic\"}")
        .doesNotContainKey("lavalier_device_state{device=\"mic\",state=\"closed\"}");
  }

  @Test
  void callsAndConnectionsAreCounted() throws Exception {
    everyKindOfCall();
    assertThat(values())
        .containsEntry("lavalier_connections", 1.0)
        .containsEntry("lavalier_connections_accepted_total", 2.0)
        .containsEntry("lavalier_grpc_calls_started_total{method=\"a/B\"}", 2.0)
        .containsEntry("lavalier_grpc_calls_ended_total{code=\"OK\",method=\"a/B\"}", 1.0);
  }

  @Test
  void linesThatWereNotWrittenAreCountedByLog() throws Exception {
    AtomicLong dropped = new AtomicLong();
    metrics.watchDroppedLines("audit", dropped::get);
    metrics.watchDroppedLines("server", () -> 3);
    dropped.set(7);
    assertThat(values())
        .containsEntry("lavalier_log_lines_dropped_total{log=\"audit\"}", 7.0)
        .containsEntry("lavalier_log_lines_dropped_total{log=\"server\"}", 3.0);
  }

  @Test
  void directMessagesAreCounted() throws Exception {
    metrics.watchDirectMessages(() -> 5);
    assertThat(values()).containsEntry("lavalier_messages_sent_directly_total", 5.0);
  }

  private void everyKindOfCall() {
    metrics.onConnected();
    metrics.onConnected();
    metrics.onDisconnected();
    metrics.onCallStarted("a/B");
    metrics.onCallStarted("a/B");
    metrics.onCallEnded("a/B", "OK");
  }

  /** Returns a scrape that contains every metric. */
  private Scrape completeScrape() throws Exception {
    subscribeAndReceive(10);
    metrics.streamMetrics("mic").onClock(1);
    metrics.streamMetrics("mic").onLevel(0.5, 0.25);
    metrics.watchDroppedLines("audit", () -> 0);
    metrics.watchDirectMessages(() -> 0);
    metrics.watchResources(lavalier.hub()::resourceUse, ResourceLimits.NONE);
    FleetMetrics fleet = new FleetMetrics(metrics);
    fleet.watchNode(FleetMetricsTest::node);
    fleet.watchEdge(FleetMetricsTest::edge);
    everyKindOfCall();
    return Scrape.of(metrics);
  }

  @Test
  void reservedResourcesAndTheirLimitsAreGauges() throws Exception {
    metrics.watchResources(
        lavalier.hub()::resourceUse,
        new ResourceLimits(32 << 20, 1, 16 << 20, 1_000, 1, 0.5, 1, 2));
    subscribeAndReceive(1);
    Map<String, Double> values = Scrape.of(metrics).values();
    assertThat(values)
        .containsEntry("lavalier_streams_memory_limit_bytes", 33_554_432.0)
        .containsEntry("lavalier_history_memory_limit_bytes", 16_777_216.0)
        .containsEntry("lavalier_history_memory_bytes", 0.0)
        .containsEntry("lavalier_streams_frame_rate_limit", 1_000.0)
        .containsEntry("lavalier_conversions_share_limit_ratio", 0.5);
    assertThat(values.get("lavalier_streams_memory_bytes")).isGreaterThan(8_192);
    assertThat(values.get("lavalier_streams_frame_rate")).isPositive();
  }

  @Test
  void docsListEveryMetric() throws Exception {
    Map<String, String> documented = new TreeMap<>();
    ROW.matcher(Files.readString(TABLE))
        .results()
        .forEach(row -> documented.put(row.group(1), row.group(2) + " " + row.group(3).strip()));
    Scrape scrape = completeScrape();
    Map<String, String> scraped = new TreeMap<>();
    scrape
        .types()
        .forEach(
            (name, type) ->
                scraped.put(name, type + " " + String.join(", ", scrape.labels().get(name))));
    scraped.replaceAll((name, words) -> words.endsWith(" ") ? words + "-" : words);

    assertThat(documented).containsAllEntriesOf(scraped); // the JVM's metrics depend on the JVM
    documented.keySet().removeIf(name -> !name.startsWith("lavalier_"));
    assertThat(scraped).containsAllEntriesOf(documented);
  }

  @Test
  void dashboardAndAlertsUseExistingMetrics() throws Exception {
    Set<String> known = new TreeSet<>();
    completeScrape()
        .values()
        .keySet()
        .forEach(series -> known.add(series.replaceFirst("\\{.*", "")));
    known.add("jvm_gc_pause_seconds_count"); // appears only after the first collection
    known.add("jvm_gc_pause_seconds_sum");
    JsonElement dashboard =
        JsonParser.parseString(Files.readString(MONITORING.resolve("grafana/lavalier.json")));
    Set<String> asked =
        expressions(dashboard)
            .flatMap(expression -> METRIC.matcher(expression).results())
            .map(match -> match.group())
            .collect(Collectors.toCollection(TreeSet::new));
    assertThat(asked).hasSizeGreaterThan(15);
    assertThat(known).containsAll(asked);

    Set<String> alerts =
        METRIC
            .matcher(Files.readString(MONITORING.resolve("prometheus/alerts.yml")))
            .results()
            .map(match -> match.group())
            .collect(Collectors.toCollection(TreeSet::new));
    assertThat(alerts).hasSizeGreaterThan(5);
    assertThat(known).containsAll(alerts);
  }

  private static Stream<String> expressions(JsonElement json) {
    if (json.isJsonArray()) {
      return json.getAsJsonArray().asList().stream().flatMap(MetricsTest::expressions);
    }
    if (!json.isJsonObject()) {
      return Stream.empty();
    }
    return json.getAsJsonObject().entrySet().stream()
        .flatMap(
            entry ->
                Set.of("expr", "definition").contains(entry.getKey())
                    ? Stream.of(entry.getValue().getAsString())
                    : expressions(entry.getValue()));
  }
}
