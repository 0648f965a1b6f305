package dev.lavalier.app;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.Configurator;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.UnsynchronizedAppenderBase;
import ch.qos.logback.core.encoder.Encoder;
import ch.qos.logback.core.spi.ContextAwareBase;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.OutputStream;
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.KeyValuePair;

/**
 * Configures logback: one line for each event, on standard error. Logback finds this class as a
 * service. There is no XML configuration, because reading one takes a fifth of the start-up time.
 *
 * <p>Logging does not block: the thread that logs encodes its line, and a {@link LogWriter} writes
 * it. The audit log has a writer of its own, so that other lines do not take its place.
 */
public final class Logging extends ContextAwareBase implements Configurator {

  /** The name of the audit logger, which logs at every level. */
  private static final String AUDIT = "lavalier.audit";

  /** About 5,000 lines: enough for a device that fails again and again. */
  private static final int LOG_BYTES = 768 << 10;

  /** For ERROR lines, when the rest is full. */
  private static final int LOG_RESERVE_BYTES = 256 << 10;

  /** About 80,000 lines. */
  private static final int AUDIT_BYTES = 16 << 20;

  /** Not System.err, which hides its errors. */
  private static final OutputStream STANDARD_ERROR = new FileOutputStream(FileDescriptor.err);

  private static final LogWriter LOG_WRITER =
      new LogWriter(
          "lavalier-log", STANDARD_ERROR, LOG_BYTES, LOG_RESERVE_BYTES, Logging::reportLogLoss);
  private static final LogWriter AUDIT_WRITER =
      new LogWriter("lavalier-audit", STANDARD_ERROR, AUDIT_BYTES, 0, Logging::reportAuditLoss);

  /** Creates the configurator. Logback calls this. */
  public Logging() {}

  @Override
  public ExecutionStatus configure(LoggerContext context) {
    configure(context, Level.INFO, false, LOG_WRITER, AUDIT_WRITER);
    return ExecutionStatus.DO_NOT_INVOKE_NEXT_IF_ANY;
  }

  /**
   * Replaces the logging configuration of the process.
   *
   * @param level the least severe level to log
   * @param json whether each line is a JSON object
   */
  static void configure(Level level, boolean json) {
    LoggerContext context = (LoggerContext) LoggerFactory.getILoggerFactory();
    context.reset();
    configure(context, level, json, LOG_WRITER, AUDIT_WRITER);
  }

  /** Returns the number of log lines, except audit lines, that were not written. */
  static long droppedLines() {
    return LOG_WRITER.dropped();
  }

  /** Returns the number of audit lines that were not written. */
  static long droppedAuditLines() {
    return AUDIT_WRITER.dropped();
  }

  /** Waits until all lines are written, for at most {@code timeout} per log. */
  static void flush(Duration timeout) {
    try {
      AUDIT_WRITER.flush(timeout);
      LOG_WRITER.flush(timeout);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  static void configure(
      LoggerContext context, Level level, boolean json, LogWriter log, LogWriter audit) {
    Encoder<ILoggingEvent> encoder = json ? LogEncoders.json(context) : LogEncoders.text(context);
    ch.qos.logback.classic.Logger root = context.getLogger(Logger.ROOT_LOGGER_NAME);
    root.setLevel(level);
    root.addAppender(appender(context, "log", encoder, log));
    ch.qos.logback.classic.Logger auditLogger = context.getLogger(AUDIT);
    auditLogger.setLevel(Level.INFO);
    auditLogger.setAdditive(false);
    auditLogger.addAppender(appender(context, "audit", encoder, audit));
    // The libraries log too much at DEBUG, and at TRACE everything that they receive and send:
    // also tokens and audio.
    context.getLogger("io.grpc").setLevel(Level.WARN);
    // The server logs the failures that peers cause itself, at a limited rate.
    context.getLogger("io.grpc.netty").setLevel(Level.ERROR);
    context.getLogger("io.netty").setLevel(Level.WARN);
    context.getLogger("io.netty.handler.ssl").setLevel(Level.ERROR); // a line per stalled peer
  }

  private static WriterAppender appender(
      LoggerContext context, String name, Encoder<ILoggingEvent> encoder, LogWriter writer) {
    WriterAppender appender = new WriterAppender(encoder, writer);
    appender.setContext(context);
    appender.setName(name);
    appender.start();
    return appender;
  }

  /** Encodes an event on the thread that logs it, so that the queue has a size in bytes. */
  private static final class WriterAppender extends UnsynchronizedAppenderBase<ILoggingEvent> {

    private final Encoder<ILoggingEvent> encoder; // used by several threads at once
    private final LogWriter writer;

    WriterAppender(Encoder<ILoggingEvent> encoder, LogWriter writer) {
      this.encoder = encoder;
      this.writer = writer;
    }

    @Override
    protected void append(ILoggingEvent event) {
      writer.write(
          encoder.encode(event), kind(event), event.getInstant(), event.getLevel() == Level.ERROR);
    }

    /** Returns the event of an audit line, and the level of any other line. */
    private static String kind(ILoggingEvent event) {
      if (event.getKeyValuePairs() != null) {
        for (KeyValuePair pair : event.getKeyValuePairs()) {
          if (pair.key.equals("event")) {
            return String.valueOf(pair.value);
          }
        }
      }
      return event.getLevel().toString();
    }
  }

  private static void reportLogLoss(LogWriter.Dropped lost) {
    LoggerFactory.getLogger(Logging.class)
        .warn(
            "{} log lines were dropped from {} to {}, because standard error was not read or did"
                + " not accept them: {}",
            lost.count(),
            lost.first(),
            lost.last(),
            lost.kinds());
  }

  private static void reportAuditLoss(LogWriter.Dropped lost) {
    LoggerFactory.getLogger(AUDIT)
        .atInfo()
        .addKeyValue("event", "audit lines dropped")
        .addKeyValue("count", lost.count())
        .addKeyValue("first", lost.first())
        .addKeyValue("last", lost.last())
        .addKeyValue("what", lost.kinds())
        .log(
            "audit lines dropped count=%d first=%s last=%s what=\"%s\""
                .formatted(lost.count(), lost.first(), lost.last(), lost.kinds()));
  }
}
