package dev.lavalier.netty;

import java.time.Duration;

/**
 * The limits of a peer in the transport. docs/operator/limits.md says what happens beyond each
 * limit. Immutable.
 *
 * @param maxConnections the maximum number of open connections; the server closes further
 *     connections immediately
 * @param maxCallsPerConnection the maximum number of concurrent calls of any kind over one
 *     connection: MAX_CONCURRENT_STREAMS of HTTP/2. Clients respect it by making further calls wait
 * @param maxMessageBytes the maximum size of a request in bytes
 * @param maxMetadataBytes the maximum size of the metadata of a call, keys and values, in bytes
 * @param handshakeTimeout the timeout for TLS and the HTTP/2 preface of a new connection, and for
 *     the first message of a call
 * @param maxResets the maximum number of RST_STREAM frames that a connection can cause in {@link
 *     #RESETS_SECONDS}
 * @param keepaliveTime the time of inactivity before the server sends a keepalive ping; 10 s or
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

  /** The length in seconds of the window in which resets are counted. */
  public static final int RESETS_SECONDS = 30;

  /** The timeout for the reply to a keepalive ping. */
  public static final Duration PING_TIMEOUT = Duration.ofSeconds(5);

  /** The number of concurrent calls over a connection in addition to its subscriptions. */
  private static final int OTHER_CALLS = 100;

  /**
   * The defaults. They allow twice as many connections as subscriptions, because some connections
   * only watch devices. Requests have only a few bytes. A connection can reset all its calls, and
   * all of them once more.
   */
  public static final TransportLimits DEFAULTS =
      new TransportLimits(
          4_096,
          maxCallsFor(500),
          4 << 10,
          8 << 10,
          Duration.ofSeconds(10),
          1_000,
          Duration.ofSeconds(10));

  /**
   * Returns the time after which the kernel stops sending to a host that does not answer. It is
   * longer than the keepalive timeout, so that the keepalive closes the connection, and the audit
   * log names it as the reason.
   */
  public Duration userTimeout() {
    return keepaliveTime.plus(PING_TIMEOUT.multipliedBy(2));
  }

  /**
   * Returns the limit of calls for a connection with the given limit of subscriptions. It is high
   * enough that a client reaches the limit of subscriptions first, whose error names the limit.
   */
  public static int maxCallsFor(int subscribersPerConnection) {
    return subscribersPerConnection + OTHER_CALLS;
  }
}
