package dev.lavalier.client.bench;

/** The result of a run: a report, or the reason why there is none. */
public sealed interface BenchResult {

  /**
   * The run measured its own machine rather than the server.
   *
   * @param reason one line
   */
  record Refused(String reason) implements BenchResult {}

  /**
   * The run is valid.
   *
   * @param report the results
   */
  record Measured(BenchReport report) implements BenchResult {}
}
