package dev.lavalier.observe;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lavalier.audio.PcmFormat;
import dev.lavalier.audio.SampleEncoding;
import dev.lavalier.capture.DeviceDescriptor;
import dev.lavalier.fleet.EdgeStatus;
import dev.lavalier.fleet.IgnoredBlock;
import dev.lavalier.fleet.NodeStatus;
import dev.lavalier.hub.DeviceState;
import dev.lavalier.hub.DeviceStatus;
import dev.lavalier.testing.LogLines;
import io.prometheus.metrics.expositionformats.ExpositionFormats;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Tests the metrics and the audit lines of nodes and edges. */
final class FleetMetricsTest {

  private final Metrics metrics = new Metrics("1.2.3");
  private final FleetMetrics fleet = new FleetMetrics(metrics);

  @AfterEach
  void close() {
    metrics.close();
  }

  static NodeStatus node() {
    return new NodeStatus(
        true,
        true,
        List.of(new NodeStatus.Shared("mic", Map.of("edge-1", 3, "edge-2", 0), 7, 480)));
  }

  static EdgeStatus edge() {
    return new EdgeStatus(false, List.of(node("studio-3", 11)));
  }

  private static EdgeStatus.Node node(String id, long received) {
    Map<IgnoredBlock, Long> ignored = new EnumMap<>(IgnoredBlock.class);
    for (IgnoredBlock each : IgnoredBlock.values()) {
      ignored.put(each, each == IgnoredBlock.LATE ? 2L : 0);
    }
    return new EdgeStatus.Node(
        id, "0.1.0", 250_000_000, -1_500_000_000, 4, 1, 3_000_000, received, ignored, 960);
  }

  private String scrape() throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ExpositionFormats.init().getPrometheusTextFormatWriter().write(out, metrics.scrape());
    return out.toString(StandardCharsets.UTF_8);
  }

  @Test
  void nodeShowsItsLeasesAndWhatItSends() throws Exception {
    fleet.watchNode(FleetMetricsTest::node);
    assertThat(scrape().lines())
        .contains(
            "lavalier_fleet_link_up 1.0",
            "lavalier_fleet_node_sharing 1.0",
            "lavalier_fleet_leases{device=\"mic\"} 2.0",
            "lavalier_fleet_listeners{device=\"mic\"} 3.0",
            "lavalier_fleet_blocks_published_total{device=\"mic\"} 7.0",
            "lavalier_fleet_samples_dropped_total{device=\"mic\"} 480.0");
  }

  private static DeviceStatus closed(String id, String node) {
    PcmFormat format = new PcmFormat(SampleEncoding.S16LE, 48_000, 1);
    return new DeviceStatus(
        new DeviceDescriptor(id, id, "", "", false, format, List.of(), node, false),
        DeviceState.CLOSED,
        0);
  }

  @Test
  void devicesOfNodesHaveSeriesAfterTheyWereOpened() throws Exception {
    metrics.watch(
        () -> List.of(closed("mic", ""), closed("n/opened", "n"), closed("n/other", "n")));
    PcmFormat format = new PcmFormat(SampleEncoding.S16LE, 48_000, 1);
    metrics.onOpened("n/opened", format, 1);
    assertThat(scrape().lines())
        .contains(
            "lavalier_device_subscribers{device=\"mic\"} 0.0",
            "lavalier_device_subscribers{device=\"n/opened\"} 0.0")
        .noneMatch(line -> line.contains("n/other"));
  }

  @Test
  void edgeShowsEachNodeAndWhatIsMissing() throws Exception {
    fleet.watchEdge(FleetMetricsTest::edge);
    fleet.onBlock("studio-3", 4_000_000);
    fleet.onQueued(150_000_000);
    assertThat(scrape().lines())
        .contains(
            "lavalier_fleet_link_up 0.0",
            "lavalier_fleet_nodes 1.0",
            "lavalier_fleet_node_silence_seconds{node=\"studio-3\"} 0.25",
            "lavalier_fleet_node_clock_offset_seconds{node=\"studio-3\"} -1.5",
            "lavalier_fleet_node_info{node=\"studio-3\",version=\"0.1.0\"} 1",
            "lavalier_fleet_node_devices_open{node=\"studio-3\"} 1.0",
            "lavalier_fleet_blocks_received_total{node=\"studio-3\"} 11.0",
            "lavalier_fleet_blocks_ignored_total{node=\"studio-3\",reason=\"late\"} 2.0",
            "lavalier_fleet_blocks_ignored_total{node=\"studio-3\",reason=\"malformed\"} 0.0",
            "lavalier_fleet_samples_missing_total{node=\"studio-3\"} 960.0",
            "lavalier_fleet_edge_queue_age_seconds_bucket{le=\"0.1\"} 0",
            "lavalier_fleet_edge_queue_age_seconds_bucket{le=\"0.2\"} 1",
            "lavalier_fleet_hop_age_seconds_bucket{node=\"studio-3\",le=\"0.002\"} 0",
            "lavalier_fleet_hop_age_seconds_bucket{node=\"studio-3\",le=\"0.005\"} 1");
  }

  @Test
  void countersOfANodeThatWasForgottenContinue() throws Exception {
    long[] received = {11};
    fleet.watchEdge(() -> new EdgeStatus(true, List.of(node("studio-3", received[0]))));
    scrape();
    received[0] = 3; // counted from 0 again
    scrape();
    received[0] = 5;
    assertThat(scrape()).contains("lavalier_fleet_blocks_received_total{node=\"studio-3\"} 16.0");
  }

  @Test
  void nodesBeyondTheLimitGetNoSeries() throws Exception {
    fleet.watchEdge(
        () ->
            new EdgeStatus(
                true,
                IntStream.rangeClosed(0, FleetMetrics.MAX_NODES)
                    .mapToObj(i -> node("n" + i, i))
                    .toList()));
    String text = scrape();
    assertThat(text)
        .contains("lavalier_fleet_node_info{node=\"n999\"", "lavalier_fleet_nodes 1001.0");
    assertThat(text).doesNotContain("n1000");
  }

  @Test
  void auditLogNamesTheEdgeOfEachLease() {
    try (LogLines lines = LogLines.of(AuditLog.LOGGER)) {
      FleetAudit audit = new FleetAudit();
      audit.onLeaseGranted("edge-7", "PCH,0");
      audit.onLeaseEnded("edge-7", "PCH,0", Duration.ofMillis(1_234), "released");
      assertThat(lines.all())
          .containsExactly(
              "INFO lease began edge=edge-7 device=PCH,0",
              "INFO lease ended edge=edge-7 device=PCH,0 seconds=1.234 why=released");
    }
  }
}
