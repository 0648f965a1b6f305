package dev.lavalier.client.cli;

import com.google.gson.JsonPrimitive;
import dev.lavalier.client.bench.BenchOptions;
import dev.lavalier.client.bench.BenchReport;
import dev.lavalier.client.bench.GeneratorLoad;
import dev.lavalier.client.bench.LatencySummary;
import java.util.Locale;
import java.util.OptionalDouble;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * Writes the results of a run as one JSON object. Keys are added, never renamed, and every key is
 * always present; an unknown value is null. docs/internals/bench-tool.md explains the keys.
 */
final class BenchJson {

  private final StringBuilder json = new StringBuilder("{");

  private BenchJson() {}

  /** Returns the object for a run without results. */
  static String refused(String reason) {
    BenchJson writer = new BenchJson();
    writer.text("refused", reason);
    return writer.finish();
  }

  static String of(BenchOptions options, BenchReport report) {
    BenchJson writer = new BenchJson();
    BenchReport.Stream stream = report.stream();
    writer.text("device_id", stream.deviceId());
    writer.number("sample_rate_hz", stream.sampleRateHz());
    writer.number("frame_size", stream.frameSize());
    writer.number("max_latency_ms", stream.maxLatencyMs());
    writer.number("subscribers", options.subscribers());
    writer.number("connections", options.connections());
    writer.number("warmup_seconds", OptionalDouble.of(options.warmupSeconds()));
    writer.number("counted_seconds", OptionalDouble.of(options.seconds()));
    writer.number("frames_expected", report.framesExpected());
    writer.number("frames_delivered", report.framesDelivered());
    writer.gaps(report);
    writer.number("streams_ended", report.ended().values().stream().mapToInt(n -> n).sum());
    writer.number("streams_silent", report.stalledStreams());
    writer.raw(
        "ended",
        new TreeMap<>(report.ended())
            .entrySet().stream()
                .map(e -> quoted(e.getKey()) + ": " + e.getValue())
                .collect(Collectors.joining(", ", "{", "}")));
    writer.raw("clocks_agree", Boolean.toString(report.clocksAgree()));
    writer.summary("latency_ms", report.latency());
    writer.summary("capture_to_on_next_ms", report.captureToOnNext());
    writer.summary("spread_ms", report.spread());
    writer.summary("interval_ms", report.interval());
    writer.summary("own_lateness_ms", report.generatorLoad().lateness());
    GeneratorLoad generatorLoad = report.generatorLoad();
    writer.number("own_processors", generatorLoad.processors());
    writer.number("own_cpu_seconds", generatorLoad.cpuSeconds());
    writer.number("own_cpu_share", generatorLoad.cpuShare());
    writer.number("machine_idle_share", generatorLoad.idleShare());
    return writer.finish();
  }

  private void gaps(BenchReport report) {
    BenchReport.Gaps none = new BenchReport.Gaps(0, 0);
    for (BenchReport.Cause cause : BenchReport.Cause.values()) {
      BenchReport.Gaps gaps = report.gaps().getOrDefault(cause, none);
      String name = cause.name().toLowerCase(Locale.ROOT);
      number("gaps_" + name, gaps.count());
      number("gap_samples_" + name, gaps.samples());
    }
  }

  private void summary(String name, LatencySummary summary) {
    boolean hasValues = summary.count() > 0;
    number(name + "_min", hasValues ? OptionalDouble.of(summary.min()) : OptionalDouble.empty());
    number(name + "_p50", hasValues ? OptionalDouble.of(summary.p50()) : OptionalDouble.empty());
    number(name + "_p99", hasValues ? OptionalDouble.of(summary.p99()) : OptionalDouble.empty());
    number(name + "_p999", hasValues ? OptionalDouble.of(summary.p999()) : OptionalDouble.empty());
    number(name + "_max", hasValues ? OptionalDouble.of(summary.max()) : OptionalDouble.empty());
  }

  private void text(String key, String value) {
    raw(key, quoted(value));
  }

  private void number(String key, long value) {
    raw(key, Long.toString(value));
  }

  private void number(String key, OptionalDouble value) {
    raw(key, value.isPresent() ? String.format(Locale.ROOT, "%.4f", value.getAsDouble()) : "null");
  }

  private void raw(String key, String value) {
    json.append(json.length() == 1 ? "" : ",")
        .append("\n  ")
        .append(quoted(key))
        .append(": ")
        .append(value);
  }

  private String finish() {
    return json.append("\n}\n").toString();
  }

  private static String quoted(String text) {
    return JsonText.line(new JsonPrimitive(text));
  }
}
