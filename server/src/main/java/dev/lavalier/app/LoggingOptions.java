package dev.lavalier.app;

import ch.qos.logback.classic.Level;
import java.util.List;
import java.util.Locale;
import picocli.CommandLine.Option;

/** The options for the level and form of the log. */
final class LoggingOptions {

  private static final List<String> LEVELS = List.of("error", "warn", "info", "debug", "trace");
  private static final List<String> FORMATS = List.of("text", "json");

  @Option(
      names = "--log-level",
      paramLabel = "LEVEL",
      defaultValue = "info",
      description =
          "Least severe level to log: error, warn, info, debug or trace. Audit lines are always"
              + " logged. Default: ${DEFAULT-VALUE}.")
  private String level;

  @Option(
      names = "--log-format",
      paramLabel = "FORMAT",
      defaultValue = "text",
      description = "Form of the log on standard error: text or json. Default: ${DEFAULT-VALUE}.")
  private String format;

  /**
   * Applies the options to the logging of the process.
   *
   * @throws IllegalArgumentException if a value is invalid; its message is one line for the user
   */
  void apply() {
    Level minLevel =
        Level.toLevel(Checks.choice("log-level", level, LEVELS).toUpperCase(Locale.ROOT));
    boolean json = Checks.choice("log-format", format, FORMATS).equals("json");
    Logging.configure(minLevel, json);
  }

  /** Returns whether each line of the log is a JSON object. */
  boolean isJson() {
    return format.equals("json");
  }

  /**
   * Checks the options without applying them.
   *
   * @throws IllegalArgumentException if a value is invalid; its message is one line for the user
   */
  void check() {
    Checks.choice("log-level", level, LEVELS);
    Checks.choice("log-format", format, FORMATS);
  }
}
