package dev.lavalier.access;

import dev.lavalier.common.RateLimitedLog;
import dev.lavalier.common.TimeSource;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Logs calls and connections that the server rejects, and why. Safe for use from any thread.
 *
 * <p>A rejection because of access or of a handshake has one line, up to {@value #MAX_LINES} lines
 * in 10 s. Of the rejections because of one limit, the first in a minute has a line. Further
 * rejections in that time are counted and logged in one line.
 */
public final class RejectionLog {

  private static final Logger log = LoggerFactory.getLogger(RejectionLog.class);

  private static final int MAX_LINES = 20;
  private static final Duration WINDOW = Duration.ofSeconds(10);

  private static final Duration LIMIT_WINDOW = Duration.ofMinutes(1);

  /** More kinds share one log. The kinds are texts of the server, and device ids. */
  private static final int MAX_KINDS = 64;

  private static final Pattern KIND_END = Pattern.compile(":| by | over ");

  private final TimeSource timeSource;
  private final RateLimitedLog rejections;
  private final Map<String, RateLimitedLog> byLimit = new ConcurrentHashMap<>();

  /**
   * Creates a log.
   *
   * @param timeSource the clock for the windows
   */
  public RejectionLog(TimeSource timeSource) {
    this.timeSource = timeSource;
    this.rejections =
        new RateLimitedLog(
            timeSource,
            MAX_LINES,
            WINDOW,
            more -> "refused %d more within %d s".formatted(more, WINDOW.toSeconds()),
            log::warn);
  }

  /**
   * Logs one rejection. Does not block.
   *
   * @param address the address of the peer
   * @param reason the reason; it may quote the peer
   */
  public void rejected(String address, String reason) {
    rejections.log(() -> "refused %s: %s".formatted(address, reason));
  }

  /**
   * Logs one rejection because of a limit. Does not block.
   *
   * @param address the address of the peer
   * @param what the method of the call; empty: the connection
   * @param reason the message of the limit, which starts with its name
   */
  public void limitReached(String address, String what, String reason) {
    String kind = KIND_END.split(reason, 2)[0];
    RateLimitedLog limited = byLimit.get(kind);
    if (limited == null) {
      String bounded = byLimit.size() < MAX_KINDS ? kind : "other limits";
      limited = byLimit.computeIfAbsent(bounded, this::newLimitLog);
    }
    String text = what.isEmpty() ? reason : what + ", " + reason;
    limited.log(() -> "refused %s: %s".formatted(address, text));
  }

  private RateLimitedLog newLimitLog(String kind) {
    return new RateLimitedLog(
        timeSource,
        1,
        LIMIT_WINDOW,
        more -> "refused %d more within %d s: %s".formatted(more, LIMIT_WINDOW.toSeconds(), kind),
        log::warn);
  }
}
