package dev.lavalier.observe;

import dev.lavalier.audio.PcmFormat;
import dev.lavalier.capture.DeviceDescriptor;
import dev.lavalier.hub.DeviceState;
import dev.lavalier.hub.DeviceStatus;
import dev.lavalier.hub.ResourceLimits;
import dev.lavalier.hub.ResourceUse;
import dev.lavalier.testing.OptionTable;
import io.prometheus.metrics.expositionformats.ExpositionFormats;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * Renders the server's own metrics as a Markdown table, from a scrape in which each has a value.
 */
public final class MetricsTable {

  private static final Pattern HELP = Pattern.compile("(?m)^# HELP (\\S+) (.*)$");
  private static final Pattern LABEL = Pattern.compile("([a-z_]+)=\"([^\"]*)\"");

  /** A metric that counts one of these has its name in its own. */
  private static final List<String> UNITS =
      List.of("seconds", "bytes", "ratio", "samples", "frames");

  private static final String MAX = "_max";

  /** The labels whose values are a fixed set. */
  private static final Set<String> FIXED = Set.of("cause", "log", "reason", "state");

  private MetricsTable() {}

  /** Returns the table. */
  public static String render() throws IOException {
    String text;
    try (Metrics metrics = new Metrics("1.2.3")) {
      DeviceDescriptor device =
          new DeviceDescriptor(
              "mic", "", "", "", true, PcmFormat.parse("48000/2/s16le"), List.of());
      metrics.watch(() -> List.of(new DeviceStatus(device, DeviceState.OPEN, 1)));
      metrics.watchResources(() -> new ResourceUse(0, 0, 0, 0), ResourceLimits.NONE);
      metrics.streamMetrics("mic").onClock(1);
      metrics.streamMetrics("mic").onLevel(0.5, 0.25);
      metrics.onConnected();
      metrics.onCallStarted("a/B");
      metrics.onCallEnded("a/B", "OK");
      FleetMetrics fleet = new FleetMetrics(metrics);
      fleet.watchNode(FleetMetricsTest::node);
      fleet.watchEdge(FleetMetricsTest::edge);
      metrics.watchDirectMessages(() -> 0);
      metrics.watchDroppedLines("audit", () -> 0);
      metrics.watchDroppedLines("server", () -> 0);
      ByteArrayOutputStream out = new ByteArrayOutputStream();
      ExpositionFormats.init().getPrometheusTextFormatWriter().write(out, metrics.scrape());
      text = out.toString(StandardCharsets.UTF_8);
    }
    Scrape scrape = Scrape.parse(text);
    Map<String, String> helps =
        HELP.matcher(text).results().collect(Collectors.toMap(m -> m.group(1), m -> m.group(2)));
    StringBuilder table = new StringBuilder();
    table.append(OptionTable.row(List.of("Metric", "Type", "Labels", "Unit", "Meaning")));
    table.append(OptionTable.row(List.of("---", "---", "---", "---", "---")));
    scrape.types().keySet().stream()
        .filter(name -> name.startsWith("lavalier_"))
        .map(
            name ->
                OptionTable.row(
                    List.of(
                        OptionTable.code(name),
                        scrape.types().get(name),
                        orDash(String.join(", ", scrape.labels().get(name))),
                        unit(name),
                        meaning(name, helps) + fixedValues(name, scrape))))
        .forEach(table::append);
    return table.toString();
  }

  private static String meaning(String name, Map<String, String> helps) {
    return name.endsWith(MAX)
        ? "Maximum of " + OptionTable.code(name.substring(0, name.length() - MAX.length()))
        : OptionTable.cell(helps.get(name));
  }

  private static String orDash(String text) {
    return text.isEmpty() ? "-" : text;
  }

  private static String unit(String name) {
    List<String> words = List.of(name.split("_", -1));
    return UNITS.stream().filter(words::contains).findFirst().orElse("-");
  }

  /** Returns the values of the labels that have a fixed set of them, as a sentence. */
  private static String fixedValues(String name, Scrape scrape) {
    Map<String, List<String>> values =
        scrape.values().keySet().stream()
            .filter(series -> series.startsWith(name + "{"))
            .flatMap(series -> LABEL.matcher(series).results())
            .filter(label -> FIXED.contains(label.group(1)))
            .collect(
                Collectors.groupingBy(
                    label -> label.group(1),
                    TreeMap::new,
                    Collectors.mapping(
                        label -> OptionTable.code(label.group(2)), Collectors.toList())));
    return values.entrySet().stream()
        .map(label -> ". `%s`: %s".formatted(label.getKey(), String.join(", ", label.getValue())))
        .collect(Collectors.joining());
  }
}
