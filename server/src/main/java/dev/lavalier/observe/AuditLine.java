package dev.lavalier.observe;

import dev.lavalier.common.LogText;
import java.util.LinkedHashMap;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.spi.LoggingEventBuilder;

/**
 * One line of the audit log: {@code event key=value key="value with spaces"}.
 *
 * <p>Names come from outside, so values that are not plain are quoted with {@link LogText#quote},
 * and values are truncated to {@value #MAX_VALUE} characters. No value can therefore end its line
 * or its quotes, forge another line, or change how a line is displayed. Used by one thread.
 */
final class AuditLine {

  /** The maximum length of a value in characters, longer than any ordinary name. */
  static final int MAX_VALUE = 300;

  private final String event;
  private final Map<String, Object> fields = new LinkedHashMap<>();

  AuditLine(String event) {
    this.event = event;
  }

  /**
   * Adds a field. In the key-value pairs, a number stays a number, and any other value becomes a
   * string.
   */
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

  /** Returns the whole line as text. */
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
