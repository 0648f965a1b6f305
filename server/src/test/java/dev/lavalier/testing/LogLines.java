package dev.lavalier.testing;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeoutException;
import java.util.function.Predicate;
import org.slf4j.LoggerFactory;

/** The lines that a logger writes while this object is open, as {@code LEVEL message}. */
public final class LogLines extends AppenderBase<ILoggingEvent> implements AutoCloseable {

  private static final long TIMEOUT_NANOS = 10_000_000_000L;

  private final Logger logger;
  private final List<String> lines = new CopyOnWriteArrayList<>();

  private LogLines(Logger logger) {
    this.logger = logger;
  }

  /** Starts to record the lines of a logger and of the loggers below it. */
  public static LogLines of(String name) {
    LogLines lines = new LogLines((Logger) LoggerFactory.getLogger(name));
    lines.start();
    lines.logger.addAppender(lines);
    return lines;
  }

  @Override
  protected void append(ILoggingEvent event) {
    lines.add(
        event.getLevel()
            + " "
            + event.getFormattedMessage()
            + (event.getThrowableProxy() == null ? "" : " and a stack trace"));
  }

  /** Returns the lines so far. */
  public List<String> all() {
    return List.copyOf(lines);
  }

  /** Waits for a line, for at most 10 s. */
  public String await(Predicate<String> wanted) throws TimeoutException {
    long end = System.nanoTime() + TIMEOUT_NANOS;
    while (System.nanoTime() < end) {
      for (String line : lines) {
        if (wanted.test(line)) {
          return line;
        }
      }
      Thread.onSpinWait();
    }
    throw new TimeoutException("logged: " + lines);
  }

  @Override
  public void close() {
    logger.detachAppender(this);
  }
}
