package dev.lavalier.access;

import dev.lavalier.common.RateLimitedLog;
import dev.lavalier.common.TimeSource;
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Logs calls and connections that the server rejects, and why. Each rejection has one line, up to
 * {@value #MAX_LINES} lines in 10 s. Further rejections in that time are counted and logged in one
 * line. Safe for use from any thread.
 */
public final class RejectionLog {

  private static final Logger log = LoggerFactory.getLogger(RejectionLog.class);

  private static final int MAX_LINES = 20;
  private static final Duration WINDOW = Duration.ofSeconds(10);

  private final RateLimitedLog rejections;

  /**
   * Creates a log.
   *
   * @param timeSource the clock for the windows of 10 s
   */
  public RejectionLog(TimeSource timeSource) {
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
}
