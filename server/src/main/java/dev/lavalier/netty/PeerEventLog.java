package dev.lavalier.netty;

import dev.lavalier.common.RateLimitedLog;
import dev.lavalier.common.TimeSource;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Map;
import java.util.function.Consumer;
import org.slf4j.LoggerFactory;

/**
 * Logs peers whose connections or calls the server ended, because they exceeded a limit or broke a
 * rule. For each cause, the first event in a minute is logged at once. Further events are counted,
 * and logged in one line at the end of the minute. Safe for use from any thread.
 */
public final class PeerEventLog {

  /** Why the server ended or rejected a connection or a call. */
  public enum Cause {
    /** The limit of open connections was reached. */
    CONNECTION_LIMIT("a connection was closed: max-connections is reached"),
    /** The handshake did not complete in time. */
    HANDSHAKE_TIMEOUT("a connection was closed: no HTTP/2 handshake within handshake-timeout-s"),
    /** The peer broke a rule or limit of the protocol. */
    PROTOCOL_VIOLATION("a connection was closed: the peer broke a rule or limit of HTTP/2"),
    /** The call exceeded a limit. */
    LIMIT_EXCEEDED("a call was rejected or ended: it exceeded a limit"),
    /** The peer did not answer a keepalive ping. */
    KEEPALIVE_TIMEOUT("a connection was closed: the peer did not answer a keepalive ping");

    private final String description;

    Cause(String description) {
      this.description = description;
    }
  }

  private static final Duration WINDOW = Duration.ofMinutes(1);

  private final Map<Cause, RateLimitedLog> logs =
      new EnumMap<>(Cause.class); // never modified after construction
  private volatile boolean stopping;

  PeerEventLog(TimeSource timeSource) {
    this(timeSource, LoggerFactory.getLogger(PeerEventLog.class)::warn);
  }

  /**
   * Creates a log.
   *
   * @param lines receives each line
   */
  PeerEventLog(TimeSource timeSource, Consumer<String> lines) {
    for (Cause cause : Cause.values()) {
      logs.put(
          cause,
          new RateLimitedLog(
              timeSource,
              1,
              WINDOW,
              more -> "%s: %d more within the last minute".formatted(cause.description, more),
              lines));
    }
  }

  /**
   * Logs one event. Does not block.
   *
   * @param detail more about the event; it may quote the peer; empty: none
   */
  public void log(Cause cause, SocketAddress peer, String detail) {
    if (!stopping) {
      logs.get(cause)
          .log(
              () ->
                  "%s (%s%s)"
                      .formatted(
                          cause.description,
                          PeerAddress.display(peer),
                          detail.isEmpty() ? "" : ": " + detail));
    }
  }

  /** Stops logging. Called before the server closes all connections. */
  public void stop() {
    stopping = true;
  }
}
