package dev.lavalier.testing;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.slf4j.LoggerFactory;

/** The events of one logger during a test, in order. */
public final class LogEvents implements BeforeEachCallback, AfterEachCallback {

  private static final long TIMEOUT_SECONDS = 10;

  private final Logger logger;
  private final BlockingQueue<ILoggingEvent> events = new LinkedBlockingQueue<>();
  private final AppenderBase<ILoggingEvent> appender =
      new AppenderBase<>() {
        @Override
        protected void append(ILoggingEvent event) {
          events.add(event);
        }
      };

  private LogEvents(Logger logger) {
    this.logger = logger;
  }

  /** Records the events of a logger, from level INFO. */
  public static LogEvents of(String name) {
    return new LogEvents((Logger) LoggerFactory.getLogger(name));
  }

  @Override
  public void beforeEach(ExtensionContext context) {
    logger.setLevel(Level.INFO);
    appender.start();
    logger.addAppender(appender);
  }

  @Override
  public void afterEach(ExtensionContext context) {
    logger.detachAppender(appender);
    logger.setLevel(null);
  }

  /** Waits for the next event, for at most 10 s. */
  public ILoggingEvent next() throws InterruptedException, TimeoutException {
    ILoggingEvent event = events.poll(TIMEOUT_SECONDS, TimeUnit.SECONDS);
    if (event == null) {
      throw new TimeoutException("no line");
    }
    return event;
  }

  /** Returns the messages of the events so far, without waiting. */
  public List<String> messages() {
    return events.stream().map(ILoggingEvent::getFormattedMessage).toList();
  }

  /** Returns the messages of the next {@code count} events. */
  public List<String> next(int count) throws InterruptedException, TimeoutException {
    List<String> lines = new ArrayList<>();
    while (lines.size() < count) {
      lines.add(next().getFormattedMessage());
    }
    return lines;
  }
}
