package dev.lavalier.capture.line;

import dev.lavalier.audio.PcmFormat;
import dev.lavalier.common.TimeSource;
import java.time.Duration;
import java.util.function.Function;
import java.util.function.Predicate;

/**
 * Settings for listing, opening and reading the capture lines of this machine. Immutable.
 *
 * @param preferredFormat returns the capture format for a device id; used if the device supports it
 * @param allowed returns whether a device id is served
 * @param period the length of one read
 * @param buffer the length of a line's buffer. It must be long enough that no samples are lost if
 *     the machine delays the capture thread. It adds no latency, because each period is read when
 *     it is due
 * @param timeSource the clock for reading, timestamps and polling
 */
public record LineSettings(
    Function<String, PcmFormat> preferredFormat,
    Predicate<String> allowed,
    Duration period,
    Duration buffer,
    TimeSource timeSource) {

  private static final Duration DEFAULT_PERIOD = Duration.ofMillis(10);
  private static final Duration DEFAULT_BUFFER = Duration.ofMillis(200);

  /** Creates settings with the default period (10 ms) and buffer (200 ms). */
  public LineSettings(
      Function<String, PcmFormat> preferredFormat,
      Predicate<String> allowed,
      TimeSource timeSource) {
    this(preferredFormat, allowed, DEFAULT_PERIOD, DEFAULT_BUFFER, timeSource);
  }

  /** Returns the same settings with another period. */
  public LineSettings withPeriod(Duration other) {
    return new LineSettings(preferredFormat, allowed, other, buffer, timeSource);
  }
}
