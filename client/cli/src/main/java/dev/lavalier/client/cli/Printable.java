package dev.lavalier.client.cli;

import java.util.Locale;

/** Text from a server or a file, made safe for a terminal, and its width there. */
final class Printable {

  private static final int FIRST_EMOJI = 0x1F300;
  private static final int LAST_EMOJI = 0x1FAFF;
  private static final int FIRST_FULLWIDTH = 0xFF01;
  private static final int LAST_FULLWIDTH = 0xFF60;

  private Printable() {}

  /**
   * Replaces what could control a terminal or reorder its text by its Unicode escape, as Java and
   * JSON write it: control characters, line breaks, invisible formatting such as bidirectional
   * marks, and halves of characters.
   */
  static String of(String text) {
    StringBuilder printable = new StringBuilder(text.length());
    text.codePoints()
        .forEach(
            c -> {
              if (isUnsafe(c)) {
                printable.append(String.format(Locale.ROOT, c > 0xFFFF ? "\\U%08x" : "\\u%04x", c));
              } else {
                printable.appendCodePoint(c);
              }
            });
    return printable.toString();
  }

  private static boolean isUnsafe(int codePoint) {
    return switch (Character.getType(codePoint)) {
      case Character.CONTROL,
          Character.FORMAT,
          Character.LINE_SEPARATOR,
          Character.PARAGRAPH_SEPARATOR,
          Character.SURROGATE ->
          true;
      default -> false;
    };
  }

  /** Returns the number of columns that a text occupies: CJK characters and emoji occupy two. */
  static int width(String text) {
    return text.codePoints().map(Printable::width).sum();
  }

  private static int width(int codePoint) {
    if (codePoint < 0x300) { // all of them are narrow, and most text has no others
      return 1;
    }
    int type = Character.getType(codePoint);
    if (type == Character.NON_SPACING_MARK || type == Character.ENCLOSING_MARK) {
      return 0;
    }
    return isWide(codePoint) ? 2 : 1;
  }

  private static boolean isWide(int codePoint) {
    if ((codePoint >= FIRST_EMOJI && codePoint <= LAST_EMOJI)
        || (codePoint >= FIRST_FULLWIDTH && codePoint <= LAST_FULLWIDTH)) {
      return true;
    }
    if (codePoint > LAST_FULLWIDTH && codePoint <= 0xFFDC) { // halfwidth forms
      return false;
    }
    return switch (Character.UnicodeScript.of(codePoint)) {
      case HAN, HANGUL, HIRAGANA, KATAKANA, BOPOMOFO -> true;
      default -> codePoint >= 0x3000 && codePoint <= 0x303E; // CJK punctuation
    };
  }

  /** Returns the beginning of a text that occupies at most {@code columns} columns. */
  static String cut(String text, int columns) {
    int end = 0;
    for (int used = 0; end < text.length(); ) {
      int codePoint = text.codePointAt(end);
      used += width(codePoint);
      if (used > columns) {
        break;
      }
      end += Character.charCount(codePoint);
    }
    return text.substring(0, end);
  }
}
