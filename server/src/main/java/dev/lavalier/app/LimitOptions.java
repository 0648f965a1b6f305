package dev.lavalier.app;

import dev.lavalier.hub.SubscriberLimits;
import dev.lavalier.netty.TransportLimits;
import java.time.Duration;
import picocli.CommandLine.Option;

/** What callers may take of the server. */
final class LimitOptions {

  private static final int MAX_LIMIT = 100_000;

  @Option(
      names = "--max-subscribers",
      paramLabel = "N",
      defaultValue = "2000",
      description =
          "Streams that may run at a time, 1..100000; more are refused (default:"
              + " ${DEFAULT-VALUE}).")
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
          "End a stream whose subscriber takes nothing for so long, 1..3600 (default:"
              + " ${DEFAULT-VALUE}).")
  private int stallTimeoutSeconds;

  @Option(
      names = "--max-connections",
      paramLabel = "N",
      defaultValue = "4096",
      description =
          "Connections that may be open, 1..100000; more are closed at once (default:"
              + " ${DEFAULT-VALUE}).")
  private int maxConnections;

  @Option(
      names = "--max-message-bytes",
      paramLabel = "N",
      defaultValue = "65536",
      description = "The longest request, 256..16777216 (default: ${DEFAULT-VALUE}).")
  private int maxMessageBytes;

  @Option(
      names = "--max-metadata-bytes",
      paramLabel = "N",
      defaultValue = "8192",
      description = "The most metadata of a call, 1024..1048576 (default: ${DEFAULT-VALUE}).")
  private int maxMetadataBytes;

  @Option(
      names = "--handshake-timeout-s",
      paramLabel = "S",
      defaultValue = "10",
      description =
          "How long a connection may take to begin, and a call to bring its request, 1..300"
              + " (default: ${DEFAULT-VALUE}).")
  private int handshakeSeconds;

  @Option(
      names = "--max-resets",
      paramLabel = "N",
      defaultValue = "1000",
      description =
          "Streams that a connection may reset within 30 s, 1..1000000 (default:"
              + " ${DEFAULT-VALUE}).")
  private int maxResets;

  @Option(
      names = "--keepalive-s",
      paramLabel = "S",
      defaultValue = "10",
      description =
          "Ask a silent peer after so long whether it is there, and give it 5 s, 10..3600 (default:"
              + " ${DEFAULT-VALUE}).")
  private int keepaliveSeconds;

  SubscriberLimits subscribers() {
    return new SubscriberLimits(
        Checks.range("max-subscribers", maxSubscribers, 1, MAX_LIMIT),
        Checks.range("max-subscribers-per-device", perDevice, 1, MAX_LIMIT),
        Checks.range("max-subscribers-per-connection", perConnection, 1, MAX_LIMIT),
        Checks.range("max-subscribers-per-identity", perIdentity, 1, MAX_LIMIT));
  }

  TransportLimits transport() {
    return new TransportLimits(
        Checks.range("max-connections", maxConnections, 1, MAX_LIMIT),
        TransportLimits.maxCallsFor(perConnection),
        Checks.range("max-message-bytes", maxMessageBytes, 256, 16 << 20),
        Checks.range("max-metadata-bytes", maxMetadataBytes, 1_024, 1 << 20),
        Duration.ofSeconds(Checks.range("handshake-timeout-s", handshakeSeconds, 1, 300)),
        Checks.range("max-resets", maxResets, 1, 1_000_000),
        Duration.ofSeconds(Checks.range("keepalive-s", keepaliveSeconds, 10, 3_600)));
  }

  Duration stallTimeout() {
    return Duration.ofSeconds(Checks.range("stall-limit-s", stallTimeoutSeconds, 1, 3_600));
  }
}
