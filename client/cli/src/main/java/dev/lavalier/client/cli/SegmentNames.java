package dev.lavalier.client.cli;

import java.nio.file.Path;
import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeFormatterBuilder;
import java.time.temporal.ChronoField;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * The names of segments: a pattern with conversions of strftime, which are replaced by the time at
 * which a segment begins. Immutable.
 */
final class SegmentNames {

  private static final char CONVERSION = '%';
  private static final char EPOCH_SECONDS = 's';

  /** The conversions, and the patterns of {@link DateTimeFormatter} with the same result. */
  private static final Map<Character, String> PATTERNS =
      Map.ofEntries(
          Map.entry('Y', "uuuu"),
          Map.entry('y', "uu"),
          Map.entry('m', "MM"),
          Map.entry('d', "dd"),
          Map.entry('j', "DDD"),
          Map.entry('H', "HH"),
          Map.entry('M', "mm"),
          Map.entry('S', "ss"),
          Map.entry('f', "SSSSSS"),
          Map.entry('F', "uuuu-MM-dd"),
          Map.entry('z', "xx"));

  private static final String CONVERSIONS = "%Y %m %d %H %M %S %f %y %j %F %s %z %%";

  private final DateTimeFormatter formatter;

  private SegmentNames(DateTimeFormatter formatter) {
    this.formatter = formatter;
  }

  /**
   * Parses a pattern.
   *
   * @param zone the time zone of the names
   * @throws UsageException if it has an unknown conversion, or none for the time
   */
  static SegmentNames parse(String pattern, ZoneId zone) {
    DateTimeFormatterBuilder builder = new DateTimeFormatterBuilder();
    boolean hasTime = false;
    int next = 0;
    while (next < pattern.length()) {
      char character = pattern.charAt(next++);
      if (character != CONVERSION) {
        builder.appendLiteral(character);
        continue;
      }
      char conversion = next < pattern.length() ? pattern.charAt(next++) : 0; // 0: the pattern ends
      if (conversion == CONVERSION) {
        builder.appendLiteral(CONVERSION);
      } else if (conversion == EPOCH_SECONDS) {
        builder.appendValue(ChronoField.INSTANT_SECONDS);
        hasTime = true;
      } else if (PATTERNS.containsKey(conversion)) {
        builder.appendPattern(PATTERNS.get(conversion));
        hasTime = true;
      } else {
        throw unknown(pattern, conversion == 0 ? "%" : "%" + conversion);
      }
    }
    if (!hasTime) {
      throw new UsageException(
          ("file: %s (expected: with --segment, the name of a file with the capture time, such as"
                  + " mic-%%Y%%m%%dT%%H%%M%%S.wav)")
              .formatted(pattern));
    }
    return new SegmentNames(builder.toFormatter(Locale.ROOT).withZone(zone));
  }

  private static UsageException unknown(String pattern, String conversion) {
    return new UsageException(
        "file: %s (expected: conversions of the capture time: %s; found: %s)"
            .formatted(pattern, CONVERSIONS, conversion));
  }

  /** Returns the name of a segment that begins at a time in nanoseconds since 1970. */
  Path at(long unixNanos) {
    long second = TimeUnit.SECONDS.toNanos(1);
    return Path.of(
        formatter.format(
            Instant.ofEpochSecond(
                Math.floorDiv(unixNanos, second), Math.floorMod(unixNanos, second))));
  }

  /** Returns the name of the file with a number before its extension: {@code mic-2.wav}. */
  static Path numbered(Path path, int number) {
    String name = path.getFileName().toString();
    int dot = name.lastIndexOf('.');
    int end = dot > 0 ? dot : name.length();
    return path.resolveSibling(
        "%s-%d%s".formatted(name.substring(0, end), number, name.substring(end)));
  }
}
