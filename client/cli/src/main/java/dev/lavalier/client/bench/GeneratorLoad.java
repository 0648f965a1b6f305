package dev.lavalier.client.bench;

import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * The load of a run on its own machine during the measurement.
 *
 * @param lateness how late a heartbeat on each event loop was, one every 7 ms. A frame that arrived
 *     at a random time waited at least as long for this program
 * @param processors the number of processors that this program may use
 * @param cpuSeconds processor time that this program used, in seconds; empty if the platform does
 *     not report it
 * @param cpuShare {@code cpuSeconds} as a share of the total time of these processors, 0 to 1;
 *     empty if {@code cpuSeconds} is
 * @param idleShare the share of its processors' time in which the machine was idle, 0 to 1,
 *     counting all programs; empty if there is no {@code /proc/stat}
 */
public record GeneratorLoad(
    LatencySummary lateness,
    int processors,
    OptionalDouble cpuSeconds,
    OptionalDouble cpuShare,
    OptionalDouble idleShare) {

  /** The maximum lateness of a heartbeat at p99: a quarter of a frame of 20 ms. */
  public static final double MAX_LATENESS_P99_MS = 5;

  /** The maximum share of its processors that this program may use. */
  public static final double MAX_CPU_SHARE = 0.8;

  /** The minimum share of the machine's time that must be idle. */
  public static final double MIN_IDLE_SHARE = 0.05;

  /** Returns why the run is not valid; empty if it is valid. */
  public Optional<String> refusalReason() {
    if (idleShare.isPresent() && idleShare.getAsDouble() < MIN_IDLE_SHARE) {
      return refusalReason(
          "it was idle for %.1f %% of the time (expected: %.0f %% or more)",
          100 * idleShare.getAsDouble(), 100 * MIN_IDLE_SHARE);
    }
    if (cpuShare.isPresent() && cpuShare.getAsDouble() > MAX_CPU_SHARE) {
      return refusalReason(
          "this program used %.0f %% of its processors (expected: %.0f %% or less)",
          100 * cpuShare.getAsDouble(), 100 * MAX_CPU_SHARE);
    }
    if (lateness.count() > 0 && lateness.p99() > MAX_LATENESS_P99_MS) {
      return refusalReason(
          "heartbeats of this program were %.1f ms late at p99 (expected: %.0f ms or less)",
          lateness.p99(), MAX_LATENESS_P99_MS);
    }
    return Optional.empty();
  }

  private static Optional<String> refusalReason(String format, Object... values) {
    return Optional.of(
        "no results: this machine was the bottleneck; "
            + String.format(Locale.ROOT, format, values));
  }
}
