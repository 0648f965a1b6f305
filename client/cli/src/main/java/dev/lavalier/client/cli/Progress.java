package dev.lavalier.client.cli;

import dev.lavalier.client.Gap;
import dev.lavalier.client.Notice;
import dev.lavalier.client.PcmFormat;
import dev.lavalier.client.StreamStart;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;

/**
 * What a person sees of a recording, on standard error: a line that changes in place, on a terminal
 * alone, and a line for each gap and notice. One thread.
 */
final class Progress {

  private static final int LINES_PER_SECOND = 5;

  private final PrintStream err;
  private final boolean live;
  private final PcmFormat format;
  private final Levels levels;
  private long nextUpdateAt;
  private int gaps;
  private int width; // of the line in place

  Progress(LavalierCli.Terminal terminal, StreamStart start, String target) {
    this.err = terminal.err();
    this.live = terminal.errIsTerminal();
    this.format = start.format();
    this.levels = new Levels(format);
    if (live) {
      String captured =
          start.captureFormat().equals(format)
              ? ""
              : " (captured in %s)".formatted(start.captureFormat());
      err.printf("recording %s, %s%s, into %s%n", start.deviceId(), format, captured, target);
    }
  }

  /** Takes note of samples that were written, {@code total} per channel by now. */
  void onWritten(ByteBuffer pcm, long total) {
    if (!live) {
      return;
    }
    levels.add(pcm.duplicate().order(ByteOrder.LITTLE_ENDIAN));
    if (total >= nextUpdateAt) {
      nextUpdateAt = total + format.sampleRateHz() / LINES_PER_SECOND;
      replaceLine(
          "%s  peak %6.1f dBFS  gaps %d"
              .formatted(time(total), Math.max(-99, levels.peak()), gaps));
      levels.reset();
    }
  }

  /** Tells of a gap. */
  void onGap(Gap gap, long position) {
    gaps++;
    line(
        "gap: %d samples (%.3f s) at %s, %s, filled with silence"
            .formatted(
                gap.sampleCount(),
                (double) gap.sampleCount() / format.sampleRateHz(),
                time(position),
                cause(gap.cause()) + (gap.estimated() ? " (estimated)" : "")));
  }

  private static String cause(Gap.Cause cause) {
    return switch (cause) {
      case SLOW_SUBSCRIBER -> "taken too slowly";
      case DEVICE_OVERRUN -> "lost by the device";
      case DEVICE_LOST -> "while the device was away";
      case NOT_KEPT -> "while there was no connection";
      case UNKNOWN -> "cause unknown";
    };
  }

  /** Tells that less was kept than was wanted. */
  void onPreroll(Duration granted, int requestedMs) {
    line("preroll: %d of %d ms were kept by the server".formatted(granted.toMillis(), requestedMs));
  }

  /** Tells of a notice. */
  void onNotice(Notice notice) {
    line("notice: " + notice.message());
  }

  /** Leaves the last line as it is. */
  void finish() {
    if (width > 0) {
      err.println();
      width = 0;
    }
  }

  private void line(String text) {
    replaceLine("");
    err.print(live ? "\r" : "");
    err.println(text);
    width = 0;
  }

  private void replaceLine(String text) {
    if (live) {
      err.print("\r" + text + " ".repeat(Math.max(0, width - text.length())));
      err.flush();
      width = text.length();
    }
  }

  private String time(long samples) {
    double seconds = (double) samples / format.sampleRateHz();
    return "%d:%02d:%04.1f".formatted((int) seconds / 3_600, (int) seconds / 60 % 60, seconds % 60);
  }
}
