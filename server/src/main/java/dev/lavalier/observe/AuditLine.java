package dev.lavalier.observe;

import dev.lavalier.common.LogText;
import java.util.LinkedHashMap;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.spi.LoggingEventBuilder;

/**
 * One line of the audit: {@code event key=value key="value with spaces"}.
 *
 * <p>Names come from outside, so no value can end its line, its quotes or itself: what is not plain
 * is quoted by {@link LogText#quote}, and cut at {@value #MAX_VALUE} characters. A line can be
 * forged by nobody, nor be made to show as something else.
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
    fields.put(
        key, value instanceof Number ? value : LogText.truncate(String.valueOf(value), MAX_VALUE));
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

  private static void append(StringBuilder line, Object value) {
    String text = String.valueOf(value);
    boolean plain = !text.isEmpty() && text.codePoints().allMatch(AuditLine::isPlain);
    line.append(plain ? text : LogText.quote(text));
  }

  private static boolean isPlain(int character) {
    return character < 0x80
        && (Character.isLetterOrDigit(character) || "-_.:/,+@#*%[]".indexOf(character) >= 0);
  }
}
