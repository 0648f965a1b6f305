package dev.lavalier.access;

import java.util.ArrayList;
import java.util.List;

/**
 * Splits a line into words. Spaces separate words. Within double quotes, a space is part of the
 * word, and so is the character after a backslash. A {@code #} at the start of a word starts a
 * comment.
 */
final class LineTokenizer {

  private LineTokenizer() {}

  /**
   * Returns the words of a line; none if it is empty or a comment.
   *
   * @throws IllegalArgumentException if a quote is not closed
   */
  static List<String> tokenize(String line) {
    List<String> words = new ArrayList<>();
    StringBuilder word = null; // null: between words
    boolean quoted = false;
    for (int i = 0; i < line.length(); i++) {
      char c = line.charAt(i);
      if (!quoted && Character.isWhitespace(c)) {
        if (word != null) {
          words.add(word.toString());
          word = null;
        }
        continue;
      }
      if (word == null) {
        if (c == '#') {
          return words;
        }
        word = new StringBuilder();
      }
      if (c == '"') {
        quoted = !quoted;
      } else if (quoted && c == '\\' && i + 1 < line.length()) {
        word.append(line.charAt(++i));
      } else {
        word.append(c);
      }
    }
    if (quoted) {
      throw new IllegalArgumentException("quote: not closed (expected: a closing quote)");
    }
    if (word != null) {
      words.add(word.toString());
    }
    return words;
  }

  /** Returns a word in the form that {@link #tokenize} reads as this word. */
  static String quote(String word) {
    boolean isPlain =
        !word.isEmpty()
            && !word.startsWith("#")
            && word.chars().noneMatch(c -> Character.isWhitespace(c) || c == '"');
    return isPlain ? word : '"' + word.replace("\\", "\\\\").replace("\"", "\\\"") + '"';
  }
}
