package dev.lavalier.app;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.encoder.JsonEncoder;
import ch.qos.logback.classic.encoder.PatternLayoutEncoder;
import ch.qos.logback.classic.spi.Configurator;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.ConsoleAppender;
import ch.qos.logback.core.encoder.Encoder;
import ch.qos.logback.core.spi.ContextAwareBase;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Configures logback: one line for each event, on standard error. Logback finds this class as a
 * service. There is no XML configuration, because reading one takes a fifth of the start-up time.
 */
public final class Logging extends ContextAwareBase implements Configurator {

  /** The name of the audit logger, which logs at every level. */
  private static final String AUDIT = "lavalier.audit";

  private static final String PATTERN =
      "%d{yyyy-MM-dd'T'HH:mm:ss.SSSXXX} %-5level %logger{0} %msg%n%ex{5}";

  /** Creates the configurator. Logback calls this. */
  public Logging() {}

  @Override
  public ExecutionStatus configure(LoggerContext context) {
    configure(context, Level.INFO, false);
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
    configure(context, level, json);
  }

  private static void configure(LoggerContext context, Level level, boolean json) {
    ConsoleAppender<ILoggingEvent> appender = new ConsoleAppender<>();
    appender.setContext(context);
    appender.setName("stderr");
    appender.setTarget("System.err");
    appender.setEncoder(json ? json(context) : text(context));
    appender.start();
    ch.qos.logback.classic.Logger root = context.getLogger(Logger.ROOT_LOGGER_NAME);
    root.setLevel(level);
    root.addAppender(appender);
    context.getLogger(AUDIT).setLevel(Level.INFO);
    if (level != Level.TRACE) { // the libraries log too much at DEBUG
      context.getLogger("io.grpc").setLevel(Level.WARN);
      // The server logs the failures that peers cause itself, at a limited rate.
      context.getLogger("io.grpc.netty").setLevel(Level.ERROR);
      context.getLogger("io.netty").setLevel(Level.WARN);
    }
  }

  private static Encoder<ILoggingEvent> text(LoggerContext context) {
    PatternLayoutEncoder encoder = new PatternLayoutEncoder();
    encoder.setContext(context);
    encoder.setPattern(PATTERN);
    encoder.start();
    return encoder;
  }

  private static Encoder<ILoggingEvent> json(LoggerContext context) {
    JsonEncoder encoder = new JsonEncoder();
    encoder.setContext(context);
    encoder.setWithSequenceNumber(false);
    encoder.setWithContext(false);
    encoder.setWithMarkers(false);
    encoder.setWithMDC(false);
    encoder.setWithMessage(false);
    encoder.setWithFormattedMessage(true);
    encoder.setWithArguments(false);
    encoder.start();
    return encoder;
  }
}
