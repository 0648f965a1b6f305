package dev.lavalier.common;

/**
 * Text that comes from outside, made fit for one line of a log, a message or the audit. A character
 * of such a line is visible, and does nothing to its neighbours. Not among them are control
 * characters (C0 and C1), line and paragraph separators, characters that only format (the marks
 * that turn the direction of writing, and those without a width), halves of a surrogate pair, and
 * characters without a meaning (private or unassigned).
 *
 * <p>No method splits a character that takes two {@code char}s.
 */
public final class LogText {

  /** How many characters of a text {@link #sanitizeAndTruncate(String)} keeps. */
  public static final int MAX_LENGTH = 200;

  private static final String ELLIPSIS = "…";

  private LogText() {}

  /** Returns the text with ? for what is no character of a line, cut at {@link #MAX_LENGTH}. */
  public static String sanitizeAndTruncate(String text) {
    return sanitizeAndTruncate(text, MAX_LENGTH);
  }

  /** Returns the text with ? for what is no character of a line, cut at a number of characters. */
  public static String sanitizeAndTruncate(String text, int maxLength) {
    return sanitize(truncate(text, maxLength));
  }

  /** Returns the whole text with ? for what is no character of a line. */
  public static String sanitize(String text) {
    if (text.codePoints().allMatch(LogText::isVisible)) {
      return text;
    }
    StringBuilder line = new StringBuilder(text.length());
    text.codePoints().forEach(each -> line.appendCodePoint(isVisible(each) ? each : '?'));
    return line.toString();
  }

  /** Returns the text, cut at a number of characters, with … after them if it was longer. */
  public static String truncate(String text, int maxLength) {
    return text.length() <= maxLength || text.codePointCount(0, text.length()) <= maxLength
        ? text
        : text.substring(0, text.offsetByCodePoints(0, maxLength)) + ELLIPSIS;
  }

  /**
   * Returns the text as a JSON string, in its quotes. What is no character of a line is escaped,
   * and so is every space but the common one: nothing is lost, and nothing ends the quotes.
   */
  public static String quote(String text) {
    StringBuilder quoted = new StringBuilder(text.length() + 2).append('"');
    text.codePoints().forEach(each -> quote(quoted, each));
    return quoted.append('"').toString();
  }

  private static void quote(StringBuilder quoted, int character) {
    if (character == '"' || character == '\\') {
      quoted.append('\\').append((char) character);
    } else if (character == ' ' || (isVisible(character) && !Character.isSpaceChar(character))) {
      quoted.appendCodePoint(character);
    } else {
      for (char unit : Character.toChars(character)) {
        quoted.append("\\u%04x".formatted((int) unit));
      }
    }
  }

  /**
   * Returns whether the text is one line, for a name that must be kept as it is: it has neither
   * control characters nor separators of lines.
   */
  public static boolean isOneLine(String text) {
    return text.codePoints().noneMatch(LogText::endsLine);
  }

  private static boolean endsLine(int character) {
    return switch (Character.getType(character)) {
      case Character.CONTROL, Character.LINE_SEPARATOR, Character.PARAGRAPH_SEPARATOR -> true;
      default -> false;
    };
  }

  private static boolean isVisible(int character) {
    return switch (Character.getType(character)) {
      case Character.CONTROL,
          Character.FORMAT,
          Character.LINE_SEPARATOR,
          Character.PARAGRAPH_SEPARATOR,
          Character.SURROGATE,
          Character.PRIVATE_USE,
          Character.UNASSIGNED ->
          false;
      default -> true;
    };
  }
}
