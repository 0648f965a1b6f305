package dev.lavalier.client.cli;

import dev.lavalier.client.Gap;
import dev.lavalier.client.Notice;
import dev.lavalier.client.PcmFormat;
import dev.lavalier.client.StreamStart;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.stream.Collectors;

/**
 * Prints the progress of a recording on standard error: a line for each gap and notice and, only on
 * a terminal, a status line that changes in place. For use by one thread.
 */
final class Progress {

  private static final int LINES_PER_SECOND = 5;

  private final PrintStream err;
  private final boolean live;
  private final PcmFormat format;
  private final Levels levels;
  private long written; // samples per channel
  private boolean measured; // false: packets are not decoded
  private double peak = Double.NEGATIVE_INFINITY; // of the last status line
  private long nextUpdateAt;
  private int gaps;
  private int width; // of the status line

  Progress(Terminal terminal, StreamStart start, String target) {
    this.err = terminal.err();
    this.live = terminal.errIsTerminal();
    this.format = start.format();
    this.levels = new Levels(format);
    if (live) {
      String captured =
          start.captureFormat().equals(format)
              ? ""
              : " (captured in %s)".formatted(start.captureFormat());
      err.println(
          "recording %s, %s%s, into %s"
              .formatted(Printable.of(start.deviceId()), format, captured, target));
    }
  }

  /**
   * Updates the status line after samples were written.
   *
   * @param pcm the samples; empty: they are in a packet
   * @param total all samples per channel written so far
   */
  void onWritten(ByteBuffer pcm, long total) {
    written = total;
    if (!live) {
      return;
    }
    measured |= pcm.hasRemaining();
    levels.add(pcm.duplicate().order(ByteOrder.LITTLE_ENDIAN));
    if (total >= nextUpdateAt) {
      nextUpdateAt = total + format.sampleRateHz() / LINES_PER_SECOND;
      peak = levels.peak();
      levels.reset();
      showStatus();
    }
  }

  private void showStatus() {
    String level = measured ? "  peak %s dBFS".formatted(Levels.text(peak)) : "";
    replaceLine("%s%s  gaps %d".formatted(time(written), level, gaps));
  }

  /** Prints a gap that starts at sample {@code position} of the recording. */
  void onGap(Gap gap, long position) {
    gaps++;
    line(
        "gap: %d samples (%.3f s) at %s, %s, filled with silence"
            .formatted(
                gap.sampleCount(),
                (double) gap.sampleCount() / format.sampleRateHz(),
                time(position),
                causes(gap)));
  }

  /** Returns the cause, or each cause with its length if there are several. */
  private String causes(Gap gap) {
    if (gap.parts().size() == 1) {
      return cause(gap.parts().get(0));
    }
    return gap.parts().stream()
        .map(
            part ->
                "%.3f s %s"
                    .formatted((double) part.sampleCount() / format.sampleRateHz(), cause(part)))
        .collect(Collectors.joining(" and "));
  }

  private static String cause(Gap.Part part) {
    return cause(part.cause()) + (part.estimated() ? " (estimated)" : "");
  }

  /** Returns why samples are missing, after a count of them. */
  static String cause(Gap.Cause cause) {
    return switch (cause) {
      case SLOW_SUBSCRIBER -> "read too slowly";
      case DEVICE_OVERRUN -> "lost by the device";
      case DEVICE_LOST -> "while the device was lost";
      case NOT_KEPT -> "while there was no connection";
      case SERVER_OVERLOAD -> "while the server was overloaded";
      case UPSTREAM -> "between the capturing machine and the server";
      case UNKNOWN -> "for an unknown reason";
    };
  }

  /** Prints that the server had less pre-roll than requested. */
  void onPreroll(Duration granted, Duration requested) {
    line(
        "preroll: the server had %d of %d ms (the operator sets how much: --history-ms)"
            .formatted(granted.toMillis(), requested.toMillis()));
  }

  /** Prints a notice. */
  void onNotice(Notice notice) {
    line("notice: " + Printable.of(notice.message()));
  }

  /** Ends the status line with the full length. */
  void finish() {
    if (live && written > 0) {
      showStatus();
      err.println();
      width = 0;
    }
  }

  /** Prints {@code what} was written, on a terminal. Call it when the target is complete. */
  void summarize(String what) {
    if (live) {
      line(
          "wrote %s: %.1f s, %d %s"
              .formatted(
                  what,
                  (double) written / format.sampleRateHz(),
                  gaps,
                  gaps == 1 ? "gap" : "gaps"));
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
