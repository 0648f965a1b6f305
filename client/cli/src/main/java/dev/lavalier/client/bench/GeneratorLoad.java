package dev.lavalier.client.bench;

import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * What a run asked of the machine that it ran on, while frames were counted.
 *
 * @param lateness how late a heartbeat on each event loop came, every 7 ms: what a frame that
 *     arrived at any moment had to wait for this program, at least
 * @param processors how many processors this program may use
 * @param cpuSeconds processor time that this program used; empty where the platform does not say
 * @param cpuShare the same, as a share of all that its processors had; empty likewise
 * @param idleShare the share of its processors' time in which the machine, for all its programs,
 *     had nothing to do; empty where there is no {@code /proc/stat}
 */
public record GeneratorLoad(
    LatencySummary lateness,
    int processors,
    OptionalDouble cpuSeconds,
    OptionalDouble cpuShare,
    OptionalDouble idleShare) {

  /** How late a heartbeat may be at p99: a quarter of a frame of 20 ms. */
  public static final double MAX_LATENESS_P99_MS = 5;

  /** The share of its processors that this program may use. */
  public static final double MAX_CPU_SHARE = 0.8;

  /** The share of the machine's time that must be left idle. */
  public static final double MIN_IDLE_SHARE = 0.05;

  /** Returns why nothing can be concluded from the run; empty where something can. */
  public Optional<String> refusalReason() {
    if (idleShare.isPresent() && idleShare.getAsDouble() < MIN_IDLE_SHARE) {
      return refusalReason(
          "it was idle for %.1f %% of the time (expected: %.0f %% or more)",
          100 * idleShare.getAsDouble(), 100 * MIN_IDLE_SHARE);
    }
    if (cpuShare.isPresent() && cpuShare.getAsDouble() > MAX_CPU_SHARE) {
      return refusalReason(
          "this program alone used %.0f %% of its processors (expected: %.0f %% or less)",
          100 * cpuShare.getAsDouble(), 100 * MAX_CPU_SHARE);
    }
    if (lateness.count() > 0 && lateness.p99() > MAX_LATENESS_P99_MS) {
      return refusalReason(
          "heartbeats of this program came %.1f ms late at p99 (expected: %.0f ms or less)",
          lateness.p99(), MAX_LATENESS_P99_MS);
    }
    return Optional.empty();
  }

  private static Optional<String> refusalReason(String format, Object... values) {
    return Optional.of(
        "no figures: this machine was the bottleneck; "
            + String.format(Locale.ROOT, format, values));
  }
}
