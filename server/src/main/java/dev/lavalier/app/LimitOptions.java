package dev.lavalier.app;

import dev.lavalier.hub.SubscriberLimits;
import java.time.Duration;
import picocli.CommandLine.Option;

/** What callers may take of the server. */
final class LimitOptions {

  private static final int MOST = 100_000;

  @Option(
      names = "--max-subscribers",
      paramLabel = "N",
      defaultValue = "2000",
      description =
          "Streams that may run at a time, 1..100000; more are refused (default: ${DEFAULT-VALUE}).")
  private int maxSubscribers;

  @Option(
      names = "--max-subscribers-per-device",
      paramLabel = "N",
      defaultValue = "2000",
      description = "The same of one device, 1..100000 (default: ${DEFAULT-VALUE}).")
  private int perDevice;

  @Option(
      names = "--max-subscribers-per-connection",
      paramLabel = "N",
      defaultValue = "500",
      description = "The same over one connection, 1..100000 (default: ${DEFAULT-VALUE}).")
  private int perConnection;

  @Option(
      names = "--max-subscribers-per-identity",
      paramLabel = "N",
      defaultValue = "500",
      description = "The same of one token or certificate, 1..100000 (default: ${DEFAULT-VALUE}).")
  private int perIdentity;

  @Option(
      names = "--stall-limit-s",
      paramLabel = "S",
      defaultValue = "30",
      description =
          "End a stream whose subscriber takes nothing for so long, 1..3600 (default: ${DEFAULT-VALUE}).")
  private int stallLimitSeconds;

  SubscriberLimits subscribers() {
    return new SubscriberLimits(
        Checks.range("max-subscribers", maxSubscribers, 1, MOST),
        Checks.range("max-subscribers-per-device", perDevice, 1, MOST),
        Checks.range("max-subscribers-per-connection", perConnection, 1, MOST),
        Checks.range("max-subscribers-per-identity", perIdentity, 1, MOST));
  }

  Duration stallLimit() {
    return Duration.ofSeconds(Checks.range("stall-limit-s", stallLimitSeconds, 1, 3_600));
  }
}
