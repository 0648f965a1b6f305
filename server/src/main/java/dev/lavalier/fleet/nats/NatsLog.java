package dev.lavalier.fleet.nats;

import dev.lavalier.common.RateLimitedLog;
import dev.lavalier.common.TimeSource;
import java.time.Duration;
import java.util.HashSet;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The log lines of a link: one for each change, however often the link tries. Safe for use from any
 * thread.
 */
final class NatsLog {

  private static final Logger log = LoggerFactory.getLogger(NatsLink.class);

  private static final Duration WINDOW = Duration.ofMinutes(1);
  private static final int LINES = 10; // in a window
  private static final long REPEAT_NANOS = Duration.ofMinutes(10).toNanos();
  private static final int MAX_VIOLATIONS = 32;

  private final TimeSource time;
  private final RateLimitedLog warnings;
  private final RateLimitedLog connections;

  // Guarded by this.
  private final Set<String> violations = new HashSet<>(); // of this connection
  private String failure = ""; // the last one, until there is a connection
  private long failureAt;

  NatsLog(TimeSource time) {
    this.time = time;
    this.warnings =
        new RateLimitedLog(
            time,
            LINES,
            WINDOW,
            more -> "fleet: %d more warnings within the last minute".formatted(more),
            log::warn);
    this.connections =
        new RateLimitedLog(
            time,
            LINES,
            WINDOW,
            more -> "fleet: %d more connections within the last minute".formatted(more),
            log::info);
  }

  void connected(String url, String version) {
    synchronized (this) {
      failure = "";
      violations.clear();
    }
    connections.log(() -> "fleet: connected to %s, nats-server %s".formatted(url, version));
  }

  void recorded(String stream) {
    log.info("fleet: recorded devices are kept by the stream {} of nats-server", stream);
  }

  void lost(String reason) {
    warnings.log(() -> "fleet: connection lost, trying again: " + reason);
  }

  /** Reports an attempt without success: once, and again after 10 min. */
  void failed(String reason) {
    synchronized (this) {
      long now = time.nanoTime();
      if (reason.equals(failure) && now - failureAt < REPEAT_NANOS) {
        return;
      }
      failure = reason;
      failureAt = now;
    }
    warnings.log(() -> "fleet: " + reason);
  }

  /** Reports what nats-server, or this side, does not allow: once for each connection. */
  void violated(String reason) {
    synchronized (this) {
      if (violations.size() == MAX_VIOLATIONS || !violations.add(reason)) {
        return;
      }
    }
    warnings.log(() -> "fleet: " + reason);
  }
}
