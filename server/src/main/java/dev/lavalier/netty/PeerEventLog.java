package dev.lavalier.netty;

import dev.lavalier.common.TimeSource;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Map;
import java.util.function.Consumer;
import org.slf4j.LoggerFactory;

/**
 * Tells of peers whose connections or calls we ended, since they took too much or kept to no rule:
 * of each cause one at once, and what follows within a minute in one more line, so that no peer can
 * fill the log. Safe for use from any thread.
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

  private final TimeSource timeSource;
  private final Consumer<String> lines;
  private volatile boolean stopping;
  private final Map<Cause, Integer> suppressed =
      new EnumMap<>(Cause.class); // of this minute; by this

  PeerEventLog(TimeSource timeSource) {
    this(timeSource, LoggerFactory.getLogger(PeerEventLog.class)::warn);
  }

  /**
   * Makes one.
   *
   * @param lines where each line goes
   */
  PeerEventLog(TimeSource timeSource, Consumer<String> lines) {
    this.timeSource = timeSource;
    this.lines = lines;
  }

  /**
   * Notes one.
   *
   * @param detail more words, may be the peer's own; empty: none
   */
  public void log(Cause cause, SocketAddress peer, String detail) {
    if (stopping) {
      return;
    }
    synchronized (this) {
      Integer before = suppressed.get(cause);
      suppressed.put(cause, before == null ? 0 : before + 1);
      if (before != null) {
        return;
      }
    }
    lines.accept(
        "%s (%s%s)"
            .formatted(
                cause.description,
                PeerAddress.display(peer),
                detail.isEmpty() ? "" : ": " + detail));
    timeSource.schedule(WINDOW, () -> logSuppressed(cause));
  }

  /** The server closes all connections now, which is worth no line. */
  public void stop() {
    stopping = true;
  }

  private void logSuppressed(Cause cause) {
    int more;
    synchronized (this) {
      more = suppressed.remove(cause);
    }
    if (more > 0) {
      lines.accept("%s: %d more within the last minute".formatted(cause.description, more));
    }
  }
}
