package dev.lavalier.audio;

/** What somebody else said, as it can stand in one line of ours. */
public final class Quoted {

  private static final int MAX_LENGTH = 200;

  private Quoted() {}

  /** Returns the text with ? for what is no character of a line, and cut where it is long. */
  public static String of(String text) {
    String head = text.length() <= MAX_LENGTH ? text : text.substring(0, MAX_LENGTH) + "...";
    return head.replaceAll("[\\p{Cc}\\u2028\\u2029]", "?");
  }
}
