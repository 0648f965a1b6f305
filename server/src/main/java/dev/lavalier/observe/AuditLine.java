package dev.lavalier.observe;

import java.util.LinkedHashMap;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.spi.LoggingEventBuilder;

/**
 * One line of the audit: {@code event key=value key="value with spaces"}.
 *
 * <p>Names come from outside, so no value can end its line, its quotes or itself: what is not plain
 * is quoted as a JSON string, with every character escaped that is not a letter, a digit, a sign or
 * a space, and cut at {@value #MAX_VALUE} characters. A line can be forged by nobody, nor be made
 * to show as something else.
 */
final class AuditLine {

  /** Longer than any name that means well. */
  static final int MAX_VALUE = 300;

  private final String event;
  private final Map<String, Object> fields = new LinkedHashMap<>();

  AuditLine(String event) {
    this.event = event;
  }

  /** Adds a field: a number stays one where fields are logged; all else becomes a string. */
  AuditLine with(String key, Object value) {
    fields.put(key, value instanceof Number ? value : truncate(String.valueOf(value)));
    return this;
  }

  void writeTo(Logger log) {
    LoggingEventBuilder builder = log.atInfo().addKeyValue("event", event);
    for (Map.Entry<String, Object> field : fields.entrySet()) {
      builder = builder.addKeyValue(field.getKey(), field.getValue());
    }
    builder.log(text());
  }

  /** Returns the whole line, as text. */
  String text() {
    StringBuilder line = new StringBuilder(event);
    fields.forEach((key, value) -> append(line.append(' ').append(key).append('='), value));
    return line.toString();
  }

  private static String truncate(String value) {
    return value.codePointCount(0, value.length()) <= MAX_VALUE
        ? value
        : value.substring(0, value.offsetByCodePoints(0, MAX_VALUE)) + "…";
  }

  private static void append(StringBuilder line, Object value) {
    String text = String.valueOf(value);
    if (!text.isEmpty() && text.codePoints().allMatch(AuditLine::isPlain)) {
      line.append(text);
    } else {
      line.append('"');
      text.codePoints().forEach(character -> quote(line, character));
      line.append('"');
    }
  }

  private static boolean isPlain(int character) {
    return character < 0x80
        && (Character.isLetterOrDigit(character) || "-_.:/,+@#*%[]".indexOf(character) >= 0);
  }

  private static void quote(StringBuilder line, int character) {
    if (character == '"' || character == '\\') {
      line.append('\\').append((char) character);
    } else if (isVisible(character)) {
      line.appendCodePoint(character);
    } else {
      for (char unit : Character.toChars(character)) {
        line.append("\\u%04x".formatted((int) unit));
      }
    }
  }

  /** Line ends, controls, marks that turn the writing's direction, and halves of characters. */
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
      case Character.SPACE_SEPARATOR -> character == ' ';
      default -> true;
    };
  }
}
