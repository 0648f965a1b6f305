package dev.lavalier.netty;

import java.time.Duration;

/**
 * What a peer may take of the transport. docs/operator/limits.md says what happens beyond each.
 *
 * @param maxConnections connections that may be open at a time; more are closed at once
 * @param maxCallsPerConnection calls of any kind that may run over one connection: HTTP/2's
 *     MAX_CONCURRENT_STREAMS, which clients keep by making further calls wait
 * @param maxMessageBytes the longest request
 * @param maxMetadataBytes the most metadata of a call: its keys and values
 * @param handshakeTimeout how long a new connection may take for TLS and the HTTP/2 preface, and a
 *     call for its first message
 * @param maxResets RST_STREAM frames that a connection may give cause for in {@link
 *     #RESETS_SECONDS}
 * @param keepaliveTime after how long a silence a peer is asked whether it is still there; 10 s or
 *     more
 */
public record TransportLimits(
    int maxConnections,
    int maxCallsPerConnection,
    int maxMessageBytes,
    int maxMetadataBytes,
    Duration handshakeTimeout,
    int maxResets,
    Duration keepaliveTime) {

  /** The length of the window in which resets are counted. */
  public static final int RESETS_SECONDS = 30;

  /** How many calls that are no subscriptions a connection may make besides. */
  private static final int OTHER_CALLS = 100;

  /**
   * Twice as many connections as subscriptions, since some watch or ask; requests are a few bytes
   * long; a connection may reset every call that it may make, and all of them again.
   */
  public static final TransportLimits DEFAULTS =
      new TransportLimits(
          4_096,
          maxCallsFor(500),
          64 << 10,
          8 << 10,
          Duration.ofSeconds(10),
          1_000,
          Duration.ofSeconds(10));

  /**
   * Returns how many calls a connection of so many subscriptions may make: enough that the
   * subscriptions' own limit is met first, which says what it is.
   */
  public static int maxCallsFor(int subscribersPerConnection) {
    return subscribersPerConnection + OTHER_CALLS;
  }
}
