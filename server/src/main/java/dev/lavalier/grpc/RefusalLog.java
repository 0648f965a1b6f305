package dev.lavalier.grpc;

import dev.lavalier.audio.TimeSource;
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Logs who was not let in, one line each, and no more than so many lines in a while, however many
 * there are: of the others it says how many they were. Safe for use from any thread.
 */
final class RefusalLog {

  private static final Logger log = LoggerFactory.getLogger(RefusalLog.class);

  private static final int LINES = 20;
  private static final Duration WINDOW = Duration.ofSeconds(10);
  private static final int MAX_LENGTH = 200;

  private final TimeSource ticker;
  private int seen; // in this window; 0: there is none

  RefusalLog(TimeSource ticker) {
    this.ticker = ticker;
  }

  /**
   * Reports one.
   *
   * @param address the peer's
   * @param reason why; what the peer said may be part of it
   */
  void refused(String address, String reason) {
    int number;
    synchronized (this) {
      number = ++seen;
    }
    if (number == 1) {
      ticker.schedule(WINDOW, this::endWindow);
    }
    if (number <= LINES) {
      log.warn("refused {}: {}", address, clean(reason));
    }
  }

  private void endWindow() {
    int leftOut;
    synchronized (this) {
      leftOut = seen - LINES;
      seen = 0;
    }
    if (leftOut > 0) {
      log.warn("refused {} more within {} s", leftOut, WINDOW.toSeconds());
    }
  }

  /** Makes one short line of it, whatever a peer put in. */
  private static String clean(String reason) {
    String line = reason.replaceAll("\\p{Cntrl}", "?");
    return line.length() <= MAX_LENGTH ? line : line.substring(0, MAX_LENGTH) + "…";
  }
}
