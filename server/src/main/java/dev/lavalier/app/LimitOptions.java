package dev.lavalier.app;

import java.time.Duration;
import picocli.CommandLine.Option;

/** What callers may take of the server. */
final class LimitOptions {

  @Option(
      names = "--max-subscribers",
      paramLabel = "N",
      defaultValue = "2000",
      description =
          "Streams that may run at a time, 1..100000; more are refused (default: ${DEFAULT-VALUE}).")
  private int maxSubscribers;

  @Option(
      names = "--stall-limit-s",
      paramLabel = "S",
      defaultValue = "30",
      description =
          "End a stream whose subscriber takes nothing for so long, 1..3600 (default: ${DEFAULT-VALUE}).")
  private int stallLimitSeconds;

  int maxSubscribers() {
    return Checks.range("max-subscribers", maxSubscribers, 1, 100_000);
  }

  Duration stallLimit() {
    return Duration.ofSeconds(Checks.range("stall-limit-s", stallLimitSeconds, 1, 3_600));
  }
}
