package dev.lavalier.capture.line;

import dev.lavalier.audio.PcmFormat;
import dev.lavalier.common.TimeSource;
import java.time.Duration;
import java.util.function.Function;
import java.util.function.Predicate;

/**
 * How the lines of this machine are listed, opened and read.
 *
 * @param preferredFormat the capture format of a device, by its id, if the device supports it
 * @param allowed which device ids are served at all
 * @param period the length of one read
 * @param buffer the length of a line's buffer: long enough that a reader which the machine delays
 *     loses nothing. It adds no latency, because the reader takes each period when it is due
 * @param timeSource the time by which readers wait and stamp, and by which devices are polled
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
