package dev.lavalier.common;

/**
 * Sanitizes external text for one line of a log, a message or the audit log. Only visible
 * characters that do not change how other characters are displayed are allowed. Not allowed are
 * control characters (C0 and C1), line and paragraph separators, format characters (such as marks
 * that change the writing direction, and characters of zero width), unpaired surrogates, and
 * private or unassigned characters.
 *
 * <p>No method splits a character that takes two {@code char}s. Immutable; safe for use from any
 * thread.
 */
public final class LogText {

  /** The maximum number of characters that {@link #sanitizeAndTruncate(String)} keeps. */
  public static final int MAX_LENGTH = 200;

  private static final String ELLIPSIS = "…";

  private LogText() {}

  /** Returns the text with ? for each character that is not allowed, cut at {@link #MAX_LENGTH}. */
  public static String sanitizeAndTruncate(String text) {
    return sanitizeAndTruncate(text, MAX_LENGTH);
  }

  /** Returns the text with ? for each character that is not allowed, cut at {@code maxLength}. */
  public static String sanitizeAndTruncate(String text, int maxLength) {
    return sanitize(truncate(text, maxLength));
  }

  /** Returns the whole text with ? for each character that is not allowed. */
  public static String sanitize(String text) {
    if (text.codePoints().allMatch(LogText::isVisible)) {
      return text;
    }
    StringBuilder line = new StringBuilder(text.length());
    text.codePoints().forEach(each -> line.appendCodePoint(isVisible(each) ? each : '?'));
    return line.toString();
  }

  /** Returns the first {@code maxLength} characters of the text, followed by … if it was longer. */
  public static String truncate(String text, int maxLength) {
    return text.length() <= maxLength || text.codePointCount(0, text.length()) <= maxLength
        ? text
        : text.substring(0, text.offsetByCodePoints(0, maxLength)) + ELLIPSIS;
  }

  /**
   * Returns the text as a JSON string with quotes. Characters that are not allowed are escaped, and
   * so are quotes, backslashes and all spaces except U+0020. No information is lost, and no
   * character can end the string early.
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
      escape(quoted, character);
    }
  }

  private static void escape(StringBuilder text, int character) {
    for (char unit : Character.toChars(character)) {
      text.append("\\u%04x".formatted((int) unit));
    }
  }

  /**
   * Returns a line of JSON with an escape for each character that is not allowed, except those of
   * ASCII: encoders of JSON escape these, and JSON itself uses some of them.
   */
  public static String escapeNonAscii(String json) {
    if (json.codePoints().allMatch(each -> each < 0x80 || isVisible(each))) {
      return json;
    }
    StringBuilder escaped = new StringBuilder(json.length() + 16);
    json.codePoints()
        .forEach(
            each -> {
              if (each < 0x80 || isVisible(each)) {
                escaped.appendCodePoint(each);
              } else {
                escape(escaped, each);
              }
            });
    return escaped.toString();
  }

  /**
   * Returns whether the text contains neither control characters nor line or paragraph separators.
   * Used for names that must not be changed.
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
