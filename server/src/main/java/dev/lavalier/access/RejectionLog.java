package dev.lavalier.access;

import dev.lavalier.common.TimeSource;
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Logs who was not let in, one line each, and no more than so many lines in a while, however many
 * there are: of the others it says how many they were. Safe for use from any thread.
 */
public final class RejectionLog {

  private static final Logger log = LoggerFactory.getLogger(RejectionLog.class);

  private static final int MAX_LINES = 20;
  private static final Duration WINDOW = Duration.ofSeconds(10);
  private static final int MAX_LENGTH = 200;

  private final TimeSource timeSource;
  private int count; // in this window; 0: there is none

  /**
   * Makes one.
   *
   * @param timeSource by which the windows end
   */
  public RejectionLog(TimeSource timeSource) {
    this.timeSource = timeSource;
  }

  /**
   * Reports one.
   *
   * @param address the peer's
   * @param reason why; what the peer said may be part of it
   */
  public void rejected(String address, String reason) {
    int number;
    synchronized (this) {
      number = ++count;
    }
    if (number == 1) {
      timeSource.schedule(WINDOW, this::endWindow);
    }
    if (number <= MAX_LINES) {
      log.warn("refused {}: {}", address, sanitize(reason));
    }
  }

  private void endWindow() {
    int suppressed;
    synchronized (this) {
      suppressed = count - MAX_LINES;
      count = 0;
    }
    if (suppressed > 0) {
      log.warn("refused {} more within {} s", suppressed, WINDOW.toSeconds());
    }
  }

  /** Makes one short line of it, whatever a peer put in. */
  private static String sanitize(String reason) {
    String line = reason.replaceAll("\\p{Cntrl}", "?");
    return line.length() <= MAX_LENGTH ? line : line.substring(0, MAX_LENGTH) + "…";
  }
}
