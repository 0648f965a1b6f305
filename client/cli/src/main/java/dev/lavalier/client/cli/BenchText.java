package dev.lavalier.client.cli;

import dev.lavalier.client.bench.BenchOptions;
import dev.lavalier.client.bench.BenchReport;
import dev.lavalier.client.bench.GeneratorLoad;
import dev.lavalier.client.bench.LatencySummary;
import java.util.Locale;
import java.util.TreeMap;

/** Writes the results of a run as a table for people. */
final class BenchText {

  private static final double PERCENT = 100;
  private static final double MICROS = 1e6;
  private static final int MS_PER_SECOND = 1_000;

  private final StringBuilder text = new StringBuilder();

  private BenchText() {}

  /** Returns a description of the requested load. */
  static String load(BenchOptions options) {
    return "%s on %s, %s s of warm-up"
        .formatted(
            count(options.subscribers(), "subscriber"),
            count(options.connections(), "connection"),
            options.warmupSeconds());
  }

  static String of(BenchOptions options, BenchReport report) {
    BenchText writer = new BenchText();
    BenchReport.Stream stream = report.stream();
    writer.line(
        "%s, %d Hz, frames of %d samples (%.1f ms), bound %d ms",
        Printable.of(stream.deviceId()),
        stream.sampleRateHz(),
        stream.frameSize(),
        (double) MS_PER_SECOND * stream.frameSize() / stream.sampleRateHz(),
        stream.maxLatencyMs());
    writer.line("%s, %s s counted", load(options), options.seconds());
    writer.line("");
    writer.counts(report);
    writer.line("");
    writer.line("%-34s %9s %9s %9s %9s %9s", "milliseconds", "min", "p50", "p99", "p99.9", "max");
    String marker = report.clocksAgree() ? "" : " *";
    writer.summary("read by the server to onNext" + marker, report.latency());
    writer.summary("first sample captured to onNext" + marker, report.captureToOnNext());
    writer.summary("first to last subscriber", report.spread());
    writer.summary("frame to frame of a subscriber", report.interval());
    writer.summary("this program's heartbeat, late by", report.generatorLoad().lateness());
    if (!report.clocksAgree()) {
      writer.line(
          "* relative to the lowest latency measured: the clocks of the two machines do not agree");
    }
    writer.line("");
    writer.generatorLoad(report.generatorLoad(), report.framesDelivered());
    return writer.text.toString();
  }

  private void counts(BenchReport report) {
    line("frames  %d of %d delivered", report.framesDelivered(), report.framesExpected());
    if (report.gaps().isEmpty()) {
      line("gaps    none");
    }
    new TreeMap<>(report.gaps())
        .forEach(
            (cause, gaps) ->
                line(
                    "gaps    %d of %d samples in all, %s",
                    gaps.count(), gaps.samples(), cause(cause)));
    new TreeMap<>(report.ended())
        .forEach((status, streams) -> line("ended   %s, %s", count(streams, "stream"), status));
    if (report.stalledStreams() > 0) {
      line("silent  %s", count(report.stalledStreams(), "stream"));
    }
  }

  private static String cause(BenchReport.Cause cause) {
    return switch (cause) {
      case SLOW_SUBSCRIBER -> "read too slowly";
      case DEVICE_OVERRUN -> "lost by the device";
      case SERVER_OVERLOAD -> "server overloaded";
      case UPSTREAM -> "lost before the server";
      case DEVICE_LOST -> "while the device was lost";
      case UNKNOWN -> "cause unknown";
      case UNTOLD -> "not reported by the server";
    };
  }

  private void summary(String label, LatencySummary summary) {
    if (summary.count() == 0) {
      line("%-34s %9s", label, "-");
    } else {
      line(
          "%-34s %9.3f %9.3f %9.3f %9.3f %9.3f",
          label, summary.min(), summary.p50(), summary.p99(), summary.p999(), summary.max());
    }
  }

  private void generatorLoad(GeneratorLoad load, long frames) {
    String cpu = "unknown";
    if (load.cpuShare().isPresent() && load.cpuSeconds().isPresent()) {
      cpu =
          format("%.1f %%", PERCENT * load.cpuShare().getAsDouble())
              + (frames == 0
                  ? ""
                  : format(
                      ", %.1f us per frame", MICROS * load.cpuSeconds().getAsDouble() / frames));
    }
    line(
        "this machine: CPU of this program %s (of %s); idle %s",
        cpu,
        count(load.processors(), "processor"),
        load.idleShare().isPresent()
            ? format("%.1f %%", PERCENT * load.idleShare().getAsDouble())
            : "unknown");
  }

  private static String count(int number, String noun) {
    return number + " " + noun + (number == 1 ? "" : "s");
  }

  private static String format(String format, Object... values) {
    return String.format(Locale.ROOT, format, values);
  }

  private void line(String format, Object... values) {
    text.append(format(format, values)).append(System.lineSeparator());
  }
}
