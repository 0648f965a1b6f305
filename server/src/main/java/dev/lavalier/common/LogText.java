package dev.lavalier.common;

/** What somebody else said, as it can stand in one line of ours. */
public final class LogText {

  private static final int MAX_LENGTH = 200;

  private LogText() {}

  /** Returns the text with ? for what is no character of a line, and cut where it is long. */
  public static String sanitizeAndTruncate(String text) {
    return sanitize(text.length() <= MAX_LENGTH ? text : text.substring(0, MAX_LENGTH) + "...");
  }

  /** Returns the whole text with ? for what is no character of a line. */
  public static String sanitize(String text) {
    return text.replaceAll("[\\p{Cc}\\u2028\\u2029]", "?");
  }
}
