package dev.lavalier.grpc;

import dev.lavalier.audio.TimeSource;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Map;
import java.util.function.Consumer;

/**
 * Tells of peers whose connections or calls we ended, since they took too much or kept to no rule:
 * of each cause one at once, and what follows within a minute in one more line, so that no peer can
 * fill the log. Safe for use from any thread.
 */
final class PeerLog {

  /** Why a connection or a call was ended, or not begun. */
  enum Cause {
    TOO_MANY("one connection more than max-connections was closed at once"),
    NO_HANDSHAKE("a connection was closed: no HTTP/2 handshake within handshake-timeout-s"),
    MISBEHAVED("a connection was closed: the peer broke HTTP/2's rules or a limit"),
    REFUSED("a call was refused or ended: it went beyond a limit"),
    VANISHED("a connection was closed: the peer did not answer a keepalive ping");

    private final String words;

    Cause(String words) {
      this.words = words;
    }
  }

  private static final Duration WINDOW = Duration.ofMinutes(1);

  private final TimeSource ticker;
  private final Consumer<String> lines;
  private volatile boolean stopping;
  private final Map<Cause, Integer> untold = new EnumMap<>(Cause.class); // of this minute; by this

  /**
   * Makes one.
   *
   * @param lines where each line goes
   */
  PeerLog(TimeSource ticker, Consumer<String> lines) {
    this.ticker = ticker;
    this.lines = lines;
  }

  /**
   * Notes one.
   *
   * @param detail more words, may be the peer's own; empty: none
   */
  void note(Cause cause, SocketAddress peer, String detail) {
    if (stopping) {
      return;
    }
    synchronized (this) {
      Integer before = untold.get(cause);
      untold.put(cause, before == null ? 0 : before + 1);
      if (before != null) {
        return;
      }
    }
    lines.accept(
        "%s (%s%s)"
            .formatted(
                cause.words,
                CallerInterceptor.display(peer),
                detail.isEmpty() ? "" : ": " + detail));
    ticker.schedule(WINDOW, () -> sum(cause));
  }

  /** The server closes all connections now, which is worth no line. */
  void stop() {
    stopping = true;
  }

  private void sum(Cause cause) {
    int more;
    synchronized (this) {
      more = untold.remove(cause);
    }
    if (more > 0) {
      lines.accept("%s: %d more within the last minute".formatted(cause.words, more));
    }
  }
}
