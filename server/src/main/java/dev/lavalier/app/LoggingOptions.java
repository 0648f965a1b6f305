package dev.lavalier.app;

import ch.qos.logback.classic.Level;
import java.util.List;
import java.util.Locale;
import picocli.CommandLine.Option;

/** What is logged, and how. */
final class LoggingOptions {

  private static final List<String> LEVELS = List.of("error", "warn", "info", "debug", "trace");
  private static final List<String> FORMATS = List.of("text", "json");

  @Option(
      names = "--log-level",
      paramLabel = "LEVEL",
      defaultValue = "info",
      description =
          "Least important lines to log: error, warn, info, debug, trace; audit lines are always"
              + " logged (default: ${DEFAULT-VALUE}).")
  private String level;

  @Option(
      names = "--log-format",
      paramLabel = "FORMAT",
      defaultValue = "text",
      description = "Form of log lines on standard error: text, json (default: ${DEFAULT-VALUE}).")
  private String format;

  /**
   * Has it logged like that from now on.
   *
   * @throws IllegalArgumentException in one line for the user
   */
  void apply() {
    Level minLevel =
        Level.toLevel(Checks.choice("log-level", level, LEVELS).toUpperCase(Locale.ROOT));
    boolean json = Checks.choice("log-format", format, FORMATS).equals("json");
    Logging.configure(minLevel, json);
  }

  /** Checks it and does nothing. */
  void check() {
    Checks.choice("log-level", level, LEVELS);
    Checks.choice("log-format", format, FORMATS);
  }
}
