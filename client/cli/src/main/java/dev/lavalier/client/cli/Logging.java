package dev.lavalier.client.cli;

import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.logging.ConsoleHandler;
import java.util.logging.Formatter;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogManager;
import java.util.logging.LogRecord;
import java.util.logging.Logger;

/**
 * Configures the log of the libraries: warnings and errors, on standard error. It is that of the
 * JDK, because loading another one takes longer than a short command.
 */
final class Logging {

  /** Kept, because the JDK forgets the level of a logger that nobody refers to. */
  private static final List<Logger> QUIET =
      List.of(
          // A machine without a MAC address, as a container without a network, is no reason to
          // warn.
          Logger.getLogger("io.netty.util.internal.MacAddressUtil"),
          // It logs an unknown host with a stack trace; the command prints one line about it.
          Logger.getLogger("io.grpc.internal.ManagedChannelImpl"));

  private Logging() {}

  /** Replaces the configuration of this process. */
  static void configure() {
    LogManager.getLogManager().reset();
    Logger root = Logger.getLogger("");
    root.setLevel(Level.WARNING);
    Handler handler = new ConsoleHandler();
    handler.setLevel(Level.ALL); // the loggers decide
    handler.setFormatter(new Lines());
    root.addHandler(handler);
    QUIET.forEach(logger -> logger.setLevel(Level.SEVERE));
  }

  /** One line for each message, and some more for its exception. */
  static final class Lines extends Formatter {

    private static final int MAX_FRAMES = 5;

    @Override
    public String format(LogRecord log) {
      String logger = String.valueOf(log.getLoggerName());
      StringBuilder text = new StringBuilder();
      text.append(
              DateTimeFormatter.ISO_OFFSET_DATE_TIME.format(
                  log.getInstant().truncatedTo(ChronoUnit.MILLIS).atZone(ZoneId.systemDefault())))
          .append(' ')
          .append(log.getLevel().getName())
          .append(' ')
          .append(logger.substring(logger.lastIndexOf('.') + 1))
          .append(' ')
          .append(Printable.of(formatMessage(log)))
          .append(System.lineSeparator());
      if (log.getThrown() != null) {
        text.append(Printable.of(log.getThrown().toString())).append(System.lineSeparator());
        StackTraceElement[] frames = log.getThrown().getStackTrace();
        for (int i = 0; i < Math.min(MAX_FRAMES, frames.length); i++) {
          text.append("\tat ").append(frames[i]).append(System.lineSeparator());
        }
      }
      return text.toString();
    }
  }
}
