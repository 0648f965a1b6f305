package dev.lavalier.common;

import java.time.Duration;
import org.slf4j.Logger;

/**
 * Logs exceptions that no caller can handle, such as those of a task that runs on a thread of its
 * own. The first failure in a minute is logged with its stack trace. Further failures are counted,
 * and logged in one line at the end of the minute. Safe for use from any thread.
 */
public final class FailureLog {

  private static final Duration WINDOW = Duration.ofMinutes(1);

  private final Logger log;
  private final RateLimitedLog failures;

  /**
   * Creates a log.
   *
   * @param timeSource schedules the end of a window
   * @param what what has failed, for the line that counts failures, for example "a task"
   */
  public FailureLog(TimeSource timeSource, Logger log, String what) {
    this.log = log;
    this.failures =
        new RateLimitedLog(
            timeSource,
            1,
            WINDOW,
            more -> "%s failed %d more times within the last minute".formatted(what, more),
            log::error);
  }

  /**
   * Reports a failure. Never throws, so that the caller can continue.
   *
   * @param what what has failed, in a few words
   */
  public void report(String what, Throwable failure) {
    try {
      if (failures.count()) {
        log.error("{} failed", LogText.sanitizeAndTruncate(what, 200), failure);
      }
    } catch (RuntimeException | Error e) {
      // There is no memory even for a log line. The caller continues without it.
    }
  }
}
