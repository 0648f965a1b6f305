package dev.lavalier.common;

import java.time.Duration;
import java.util.function.Consumer;
import java.util.function.IntFunction;
import java.util.function.Supplier;

/**
 * Logs events of one cause that a peer can repeat as often as it wants, so that no peer can fill
 * the log. The first event opens a window. The first few events of a window are logged with one
 * line each. When the window ends, one more line reports the number of suppressed events. Every
 * line is sanitized and of bounded length.
 *
 * <p>Safe for use from any thread. An event is logged on the thread that reports it; the summary of
 * a window is logged on the thread of the time source.
 */
public final class RateLimitedLog {

  /** The maximum number of characters in a line. */
  public static final int MAX_LINE_LENGTH = 300;

  private final TimeSource timeSource;
  private final int maxLines;
  private final Duration window;
  private final IntFunction<String> summary;
  private final Consumer<String> lines;
  private int count; // events in the current window; 0: no window is open

  /**
   * Creates a log for one cause.
   *
   * @param timeSource schedules the end of a window
   * @param maxLines the number of events in a window that are logged with one line each, 1 or more
   * @param window the length of a window
   * @param summary creates the summary line from the number of suppressed events
   * @param lines receives each line
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
   * @param line creates the line; called only if the event is logged; the line may quote the peer
   */
  public void log(Supplier<String> line) {
    if (count()) {
      write(line.get());
    }
  }

  /** Counts an event. Returns whether to log it with a line of its own. */
  boolean count() {
    int number;
    synchronized (this) {
      number = ++count;
    }
    if (number == 1) {
      timeSource.schedule(window, this::endWindow);
    }
    return number <= maxLines;
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
