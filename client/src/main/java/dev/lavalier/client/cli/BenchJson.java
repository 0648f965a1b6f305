package dev.lavalier.client.cli;

import dev.lavalier.client.bench.BenchOptions;
import dev.lavalier.client.bench.BenchReport;
import dev.lavalier.client.bench.OwnLoad;
import dev.lavalier.client.bench.Times;
import java.util.Locale;
import java.util.OptionalDouble;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * The figures of a run as one JSON object. Keys are added, never renamed, and are always there;
 * what is not known is null. docs/internals/bench-tool.md explains them.
 */
final class BenchJson {

  private final StringBuilder json = new StringBuilder("{");

  private BenchJson() {}

  /** Returns the object for a run without figures. */
  static String refused(String reason) {
    BenchJson it = new BenchJson();
    it.text("refused", reason);
    return it.end();
  }

  static String of(BenchOptions options, BenchReport report) {
    BenchJson it = new BenchJson();
    BenchReport.Stream stream = report.stream();
    it.text("device_id", stream.deviceId());
    it.number("sample_rate_hz", stream.sampleRateHz());
    it.number("frame_size", stream.frameSize());
    it.number("max_latency_ms", stream.maxLatencyMs());
    it.number("subscribers", options.subscribers());
    it.number("connections", options.connections());
    it.number("warmup_seconds", OptionalDouble.of(options.warmupSeconds()));
    it.number("counted_seconds", OptionalDouble.of(options.seconds()));
    it.number("frames_expected", report.framesExpected());
    it.number("frames_delivered", report.framesDelivered());
    it.gaps(report);
    it.number("streams_ended", report.ended().values().stream().mapToInt(n -> n).sum());
    it.number("streams_silent", report.silent());
    it.raw(
        "ended",
        new TreeMap<>(report.ended())
            .entrySet().stream()
                .map(e -> quoted(e.getKey()) + ": " + e.getValue())
                .collect(Collectors.joining(", ", "{", "}")));
    it.raw("clocks_agree", Boolean.toString(report.clocksAgree()));
    it.times("latency_ms", report.latency());
    it.times("capture_to_on_next_ms", report.captureToOnNext());
    it.times("spread_ms", report.spread());
    it.times("interval_ms", report.interval());
    it.times("own_lateness_ms", report.ownLoad().lateness());
    OwnLoad own = report.ownLoad();
    it.number("own_processors", own.processors());
    it.number("own_cpu_seconds", own.cpuSeconds());
    it.number("own_cpu_share", own.cpuShare());
    it.number("machine_idle_share", own.idleShare());
    return it.end();
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

  private void times(String name, Times times) {
    boolean any = times.count() > 0;
    number(name + "_min", any ? OptionalDouble.of(times.min()) : OptionalDouble.empty());
    number(name + "_p50", any ? OptionalDouble.of(times.p50()) : OptionalDouble.empty());
    number(name + "_p99", any ? OptionalDouble.of(times.p99()) : OptionalDouble.empty());
    number(name + "_p999", any ? OptionalDouble.of(times.p999()) : OptionalDouble.empty());
    number(name + "_max", any ? OptionalDouble.of(times.max()) : OptionalDouble.empty());
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

  private String end() {
    return json.append("\n}\n").toString();
  }

  private static String quoted(String text) {
    StringBuilder quoted = new StringBuilder("\"");
    text.chars()
        .forEach(
            c -> {
              if (c == '"' || c == '\\') {
                quoted.append('\\').append((char) c);
              } else if (c < ' ') {
                quoted.append(String.format(Locale.ROOT, "\\u%04x", c));
              } else {
                quoted.append((char) c);
              }
            });
    return quoted.append('"').toString();
  }
}
