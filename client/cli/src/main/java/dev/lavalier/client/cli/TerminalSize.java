package dev.lavalier.client.cli;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The size of a terminal in characters.
 *
 * @param columns its width
 * @param rows its height
 */
record TerminalSize(int columns, int rows) {

  private static final TerminalSize UNKNOWN = new TerminalSize(80, 24);
  private static final File STANDARD_OUTPUT = new File("/proc/self/fd/1");
  private static final File CONTROLLING_TERMINAL = new File("/dev/tty");
  private static final Pattern ROWS_COLUMNS =
      Pattern.compile("([1-9]\\d{0,4}) ([1-9]\\d{0,4})\\s*");

  /**
   * Returns the size of the terminal of standard output; 80 x 24 if it is unknown. Java has no call
   * for it, so {@code stty} reports it. Waits at most a second.
   */
  static TerminalSize current() {
    try {
      Process stty =
          new ProcessBuilder("stty", "size")
              .redirectInput(STANDARD_OUTPUT.exists() ? STANDARD_OUTPUT : CONTROLLING_TERMINAL)
              .redirectError(ProcessBuilder.Redirect.DISCARD)
              .start();
      if (!stty.waitFor(1, TimeUnit.SECONDS)) {
        stty.destroyForcibly();
        return UNKNOWN;
      }
      return parse(new String(stty.getInputStream().readAllBytes(), StandardCharsets.US_ASCII));
    } catch (IOException e) {
      return UNKNOWN;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return UNKNOWN;
    }
  }

  /** Parses the output of {@code stty size}. */
  static TerminalSize parse(String text) {
    Matcher match = ROWS_COLUMNS.matcher(text);
    return match.matches()
        ? new TerminalSize(Integer.parseInt(match.group(2)), Integer.parseInt(match.group(1)))
        : UNKNOWN;
  }
}
