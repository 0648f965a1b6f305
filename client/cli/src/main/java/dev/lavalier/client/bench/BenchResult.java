package dev.lavalier.client.bench;

/** What came of a run: figures, or the reason why there are none. */
public sealed interface BenchResult {

  /**
   * The run says more of the machine that it ran on than of the server.
   *
   * @param reason one line
   */
  record Refused(String reason) implements BenchResult {}

  /**
   * Figures.
   *
   * @param report all of them
   */
  record Measured(BenchReport report) implements BenchResult {}
}
