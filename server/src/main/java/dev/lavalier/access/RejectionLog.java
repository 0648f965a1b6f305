package dev.lavalier.access;

import dev.lavalier.common.RateLimitedLog;
import dev.lavalier.common.TimeSource;
import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Logs calls and connections that the server rejects or cannot accept, and why. Safe for use from
 * any thread.
 *
 * <p>A rejection because of access or of a handshake has one line, up to {@value #MAX_LINES} lines
 * in 10 s. Of the rejections because of limits, the first in a minute has a line. Further
 * rejections in that time are counted and logged in one line. The same applies to connections that
 * the server cannot accept.
 */
public final class RejectionLog {

  private static final Logger log = LoggerFactory.getLogger(RejectionLog.class);

  private static final int MAX_LINES = 20;
  private static final Duration WINDOW = Duration.ofSeconds(10);

  private static final Duration LIMIT_WINDOW = Duration.ofMinutes(1);

  /** More kinds count as one. The kinds are texts of the server, and device ids. */
  private static final int MAX_KINDS = 64;

  private static final Pattern KIND_END = Pattern.compile(":| by | over ");

  private final RateLimitedLog rejections;
  private final RateLimitedLog limits;
  private final RateLimitedLog acceptFailures;
  private final Map<String, Integer> moreByLimit = new ConcurrentHashMap<>(); // in this window

  /**
   * Creates a log.
   *
   * @param timeSource the clock for the windows
   */
  public RejectionLog(TimeSource timeSource) {
    this.rejections =
        new RateLimitedLog(
            timeSource,
            MAX_LINES,
            WINDOW,
            more -> "refused %d more within %d s".formatted(more, WINDOW.toSeconds()),
            log::warn);
    this.limits =
        new RateLimitedLog(
            timeSource,
            1,
            LIMIT_WINDOW,
            more ->
                "refused %d more within %d s, by limit: %s"
                    .formatted(more, LIMIT_WINDOW.toSeconds(), byLimit()),
            log::warn);
    this.acceptFailures =
        new RateLimitedLog(
            timeSource,
            1,
            LIMIT_WINDOW,
            more ->
                "could not accept a connection %d more times within %d s"
                    .formatted(more, LIMIT_WINDOW.toSeconds()),
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
    boolean known = moreByLimit.containsKey(kind) || moreByLimit.size() < MAX_KINDS;
    moreByLimit.merge(known ? kind : "other limits", 1, Integer::sum);
    String text = what.isEmpty() ? reason : what + ", " + reason;
    limits.log(() -> "refused %s: %s".formatted(address, text));
  }

  /** Logs that the system gives the server no connection. Does not block. */
  public void acceptFailed(Throwable failure) {
    acceptFailures.log(() -> "cannot accept a connection: " + failure.getMessage());
  }

  /** Returns the numbers of rejections by limit, and forgets them. */
  private String byLimit() {
    Map<String, Integer> sorted = new TreeMap<>(moreByLimit);
    moreByLimit.clear();
    return sorted.entrySet().stream()
        .map(entry -> entry.getKey() + " " + entry.getValue())
        .collect(Collectors.joining(", "));
  }
}
