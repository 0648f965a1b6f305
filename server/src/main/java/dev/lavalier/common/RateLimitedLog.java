package dev.lavalier.common;

import java.time.Duration;
import java.util.function.Consumer;
import java.util.function.IntFunction;
import java.util.function.Supplier;

/**
 * Logs events of one cause that a peer can repeat at will, so that no peer can fill the log. The
 * first event opens a window; in a window the first few events have a line each. When the window
 * ends, one more line says how many events had none. Every line is sanitized and of bounded length.
 *
 * <p>Safe for use from any thread. An event is logged on the thread that reports it, the last line
 * of a window on the clock's.
 */
public final class RateLimitedLog {

  /** How many characters a line has at most. */
  public static final int MAX_LINE_LENGTH = 300;

  private final TimeSource timeSource;
  private final int maxLines;
  private final Duration window;
  private final IntFunction<String> summary;
  private final Consumer<String> lines;
  private int count; // of the events in this window; 0: there is none

  /**
   * Makes a log for one cause.
   *
   * @param timeSource by which a window ends
   * @param maxLines how many events of a window have a line each, 1 or more
   * @param window how long a window is
   * @param summary makes the line that says how many events had none
   * @param lines where each line goes
   */
  public RateLimitedLog(
      TimeSource timeSource,
      int maxLines,
      Duration window,
      IntFunction<String> summary,
      Consumer<String> lines) {
    this.timeSource = timeSource;
    this.maxLines = maxLines;
    this.window = window;
    this.summary = summary;
    this.lines = lines;
  }

  /**
   * Reports an event.
   *
   * @param line makes its line, if it has one; it may quote the peer
   */
  public void log(Supplier<String> line) {
    int number;
    synchronized (this) {
      number = ++count;
    }
    if (number == 1) {
      timeSource.schedule(window, this::endWindow);
    }
    if (number <= maxLines) {
      write(line.get());
    }
  }

  private void endWindow() {
    int suppressed;
    synchronized (this) {
      suppressed = count - maxLines;
      count = 0;
    }
    if (suppressed > 0) {
      write(summary.apply(suppressed));
    }
  }

  private void write(String line) {
    lines.accept(LogText.sanitizeAndTruncate(line, MAX_LINE_LENGTH));
  }
}
