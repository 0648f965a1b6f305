package dev.lavalier.client.cli;

import java.math.BigDecimal;
import java.time.Duration;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/**
 * Converts the value of an option to a duration of at most 1,000,000,000 s: a number and the unit
 * {@code ms}, {@code s}, {@code m} or {@code h}. A number without a unit has that of the option.
 */
abstract class DurationConverter implements ITypeConverter<Duration> {

  private static final Pattern TIME =
      Pattern.compile("(\\d{1,12}(?:\\.\\d{0,12})?|\\.\\d{1,12})([a-z]*)");
  private static final BigDecimal MAX_NANOS = BigDecimal.valueOf(1_000_000_000L * 1_000_000_000L);
  private static final Map<String, Duration> UNITS =
      Map.of(
          "ms", Duration.ofMillis(1),
          "s", Duration.ofSeconds(1),
          "m", Duration.ofMinutes(1),
          "h", Duration.ofHours(1));

  private final String unit;

  private DurationConverter(String unit) {
    this.unit = unit;
  }

  /** For options in seconds. */
  static final class Seconds extends DurationConverter {
    Seconds() {
      super("s");
    }
  }

  /** For options in milliseconds. */
  static final class Millis extends DurationConverter {
    Millis() {
      super("ms");
    }
  }

  @Override
  public Duration convert(String value) {
    Matcher match = TIME.matcher(value);
    if (match.matches()) {
      Duration length = UNITS.get(match.group(2).isEmpty() ? unit : match.group(2));
      if (length != null) {
        BigDecimal nanos =
            new BigDecimal(match.group(1)).multiply(BigDecimal.valueOf(length.toNanos()));
        if (nanos.compareTo(MAX_NANOS) <= 0) {
          return Duration.ofNanos(nanos.longValue());
        }
      }
    }
    throw new TypeConversionException(
        "%s (expected: a time, as 5s, 250ms or 2m; the unit is %s if there is none)"
            .formatted(value, unit));
  }
}
