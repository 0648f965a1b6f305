package dev.lavalier.access;

import dev.lavalier.common.RateLimitedLog;
import dev.lavalier.common.TimeSource;
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Logs who was refused, and why: one line each, but no more than {@value #MAX_LINES} in 10 s, and
 * then how many more there were. Safe for use from any thread.
 */
public final class RejectionLog {

  private static final Logger log = LoggerFactory.getLogger(RejectionLog.class);

  private static final int MAX_LINES = 20;
  private static final Duration WINDOW = Duration.ofSeconds(10);

  private final RateLimitedLog rejections;

  /**
   * Makes one.
   *
   * @param timeSource by which the windows end
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
   * Reports one.
   *
   * @param address the peer's
   * @param reason why; what the peer said may be part of it
   */
  public void rejected(String address, String reason) {
    rejections.log(() -> "refused %s: %s".formatted(address, reason));
  }
}
