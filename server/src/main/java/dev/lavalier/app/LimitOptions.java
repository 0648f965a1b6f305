package dev.lavalier.app;

import dev.lavalier.hub.SubscriberLimits;
import dev.lavalier.netty.TransportLimits;
import java.time.Duration;
import picocli.CommandLine.Option;

/** The options that limit the resources of callers and connections. */
final class LimitOptions {

  private static final int MAX_LIMIT = 100_000;

  @Option(
      names = "--max-subscribers",
      paramLabel = "N",
      defaultValue = "2000",
      description =
          "Maximum number of concurrent streams, 1 to 100000. Further calls fail with"
              + " RESOURCE_EXHAUSTED. Default: ${DEFAULT-VALUE}.")
  private int maxSubscribers;

  @Option(
      names = "--max-subscribers-per-device",
      paramLabel = "N",
      defaultValue = "2000",
      description = "The same for one device, 1 to 100000. Default: ${DEFAULT-VALUE}.")
  private int perDevice;

  @Option(
      names = "--max-subscribers-per-connection",
      paramLabel = "N",
      defaultValue = "500",
      description = "The same for one connection, 1 to 100000. Default: ${DEFAULT-VALUE}.")
  private int perConnection;

  @Option(
      names = "--max-subscribers-per-identity",
      paramLabel = "N",
      defaultValue = "500",
      description =
          "The same for one token or certificate, 1 to 100000. Default: ${DEFAULT-VALUE}.")
  private int perIdentity;

  @Option(
      names = "--stall-limit-s",
      paramLabel = "S",
      defaultValue = "30",
      description =
          "Close a stream if frames are pending and its subscriber reads none for S seconds,"
              + " 1 to 3600. Default: ${DEFAULT-VALUE}.")
  private int stallTimeoutSeconds;

  @Option(
      names = "--max-connections",
      paramLabel = "N",
      defaultValue = "4096",
      description =
          "Maximum number of open connections, 1 to 100000. The server closes further connections"
              + " at once. Default: ${DEFAULT-VALUE}.")
  private int maxConnections;

  @Option(
      names = "--max-message-bytes",
      paramLabel = "N",
      defaultValue = "4096",
      description =
          "Maximum size of a request in bytes, 256 to 16777216. A call with a larger request fails"
              + " with RESOURCE_EXHAUSTED. Default: ${DEFAULT-VALUE}.")
  private int maxMessageBytes;

  @Option(
      names = "--max-metadata-bytes",
      paramLabel = "N",
      defaultValue = "8192",
      description =
          "Maximum size of the metadata of a call in bytes, 1024 to 1048576. A call with more fails"
              + " with RESOURCE_EXHAUSTED. Default: ${DEFAULT-VALUE}.")
  private int maxMetadataBytes;

  @Option(
      names = "--handshake-timeout-s",
      paramLabel = "S",
      defaultValue = "10",
      description =
          "Timeout in seconds for the handshakes of a connection and for the request of a call,"
              + " 1 to 300. Default: ${DEFAULT-VALUE}.")
  private int handshakeSeconds;

  @Option(
      names = "--max-resets",
      paramLabel = "N",
      defaultValue = "1000",
      description =
          "Maximum number of streams that a connection can reset within 30 s, 1 to 1000000. The"
              + " server closes a connection that resets more. Default: ${DEFAULT-VALUE}.")
  private int maxResets;

  @Option(
      names = "--keepalive-s",
      paramLabel = "S",
      defaultValue = "10",
      description =
          "Seconds of inactivity before the server sends a keepalive ping, 10 to 3600. The server"
              + " closes the connection if no reply arrives within 5 s. Default: ${DEFAULT-VALUE}.")
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
