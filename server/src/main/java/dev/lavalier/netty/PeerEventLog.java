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
 * Logs peers whose connections or calls the server ended, because they took too much or broke a
 * rule. Of each cause the first one in a minute has a line at once, and the others have one
 * together when the minute is over. Safe for use from any thread.
 */
public final class PeerEventLog {

  /** Why a connection or a call was ended, or not begun. */
  public enum Cause {
    /** More connections than may be open. */
    CONNECTION_LIMIT("one connection more than max-connections was closed at once"),
    /** Nothing that is a handshake came in time. */
    HANDSHAKE_TIMEOUT("a connection was closed: no HTTP/2 handshake within handshake-timeout-s"),
    /** The peer broke the protocol's rules. */
    PROTOCOL_VIOLATION("a connection was closed: the peer broke HTTP/2's rules or a limit"),
    /** The call took more than it may. */
    LIMIT_EXCEEDED("a call was refused or ended: it went beyond a limit"),
    /** The peer did not answer. */
    KEEPALIVE_TIMEOUT("a connection was closed: the peer did not answer a keepalive ping");

    private final String description;

    Cause(String description) {
      this.description = description;
    }
  }

  private static final Duration WINDOW = Duration.ofMinutes(1);

  private final Map<Cause, RateLimitedLog> logs = new EnumMap<>(Cause.class); // does not change
  private volatile boolean stopping;

  PeerEventLog(TimeSource timeSource) {
    this(timeSource, LoggerFactory.getLogger(PeerEventLog.class)::warn);
  }

  /**
   * Makes one.
   *
   * @param lines where each line goes
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
   * Reports one.
   *
   * @param detail more words, may be the peer's own; empty: none
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

  /** The server closes all connections now, which is worth no line. */
  public void stop() {
    stopping = true;
  }
}
