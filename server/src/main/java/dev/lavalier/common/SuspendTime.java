package dev.lavalier.common;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Measures for how long a Linux machine has been suspended: {@code /proc/uptime} continues in a
 * suspend, and {@link System#nanoTime} does not. Safe for use from any thread.
 */
final class SuspendTime {

  /** A suspend is not longer than this. */
  private static final double MAX_SECONDS = 10 * 366 * 86_400.0;

  private static final long MAX_READ_NANOS = 10_000_000;

  private final Path uptime;

  SuspendTime() {
    this(Path.of("/proc/uptime"));
  }

  /** Creates an object that reads another file. */
  SuspendTime(Path uptime) {
    this.uptime = uptime;
  }

  /**
   * Returns for how long this machine has been suspended since an arbitrary origin, or {@link
   * TimeSource#UNKNOWN}.
   */
  long nanos() {
    try {
      long before = System.nanoTime();
      String text = Files.readString(uptime, StandardCharsets.ISO_8859_1);
      if (System.nanoTime() - before > MAX_READ_NANOS) {
        return TimeSource.UNKNOWN; // a pause between the two clocks would look like a suspend
      }
      double seconds = Double.parseDouble(text.substring(0, text.indexOf(' ')));
      return seconds >= 0 && seconds < MAX_SECONDS
          ? Math.round(seconds * 1e9) - before
          : TimeSource.UNKNOWN;
    } catch (IOException | IndexOutOfBoundsException | NumberFormatException e) {
      return TimeSource.UNKNOWN; // not Linux, or a container without /proc
    }
  }
}
