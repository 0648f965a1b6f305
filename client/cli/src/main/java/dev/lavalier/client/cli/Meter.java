package dev.lavalier.client.cli;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import dev.lavalier.client.Notice;
import dev.lavalier.client.PcmFormat;
import dev.lavalier.client.StreamStart;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * Shows levels on standard output: on a terminal in place, else line by line or as JSON. If no
 * frame comes for two seconds, it says so once a second. Safe for use by the reading thread and a
 * timer.
 */
final class Meter {

  private static final int UPDATES_PER_SECOND = 10;
  private static final long SILENT_NANOS = TimeUnit.SECONDS.toNanos(2);
  private static final long SECOND_NANOS = TimeUnit.SECONDS.toNanos(1);
  private static final long RESIZE_CHECK_NANOS = TimeUnit.SECONDS.toNanos(2);

  private final Terminal terminal;
  private final String deviceId;
  private final PcmFormat format;
  private final boolean json;
  private final boolean live;
  private final LongSupplier nanoTime;
  private final long updateInterval; // samples per channel

  // Guarded by this.
  private final Levels levels;
  private List<Level> shown = List.of(); // the last levels
  private TerminalSize size;
  private long sizeReadAtNanos;
  private int drawnLines; // of the block that is redrawn in place
  private long position; // samples per channel received or missing
  private long lost; // samples per channel
  private long lostShown;
  private long sinceUpdate; // samples per channel
  private long lastFrameAtNanos;
  private long lastShownAtNanos;

  /** The level of a channel in dBFS. */
  private record Level(double rms, double peak) {}

  /** Creates a meter of a stream that has just started; {@code nanoTime} is a steady clock. */
  Meter(Terminal terminal, StreamStart start, boolean json, LongSupplier nanoTime) {
    this.terminal = terminal;
    this.deviceId = start.deviceId();
    this.format = start.format();
    this.json = json;
    this.live = terminal.outIsTerminal() && !json;
    this.nanoTime = nanoTime;
    this.updateInterval = live ? format.sampleRateHz() / UPDATES_PER_SECOND : format.sampleRateHz();
    this.levels = new Levels(format);
    this.lastFrameAtNanos = nanoTime.getAsLong();
    this.lastShownAtNanos = lastFrameAtNanos;
    this.sizeReadAtNanos = lastFrameAtNanos;
    this.size = live ? terminal.size().get() : new TerminalSize(0, 0);
  }

  /** Prints the heading. */
  synchronized void start() {
    if (!json) {
      terminal.out().println(fit(Printable.of(deviceId) + ", " + format));
    }
  }

  /** Counts missing samples per channel. */
  synchronized void onGap(long missing) {
    lost += missing;
    position += missing;
  }

  /** Adds samples of all channels, and shows the levels when it is time. */
  synchronized void onAudio(ByteBuffer pcm) {
    int samples = pcm.remaining() / format.bytesPerSampleFrame();
    levels.add(pcm);
    position += samples;
    sinceUpdate += samples;
    lastFrameAtNanos = nanoTime.getAsLong();
    if (sinceUpdate >= updateInterval) {
      showLevels();
    }
  }

  /** Shows the levels of what was not shown yet. */
  synchronized void finish() {
    if (sinceUpdate > 0) {
      showLevels();
    } else if (lost > lostShown) {
      show(false);
    }
  }

  /** Says that no audio comes, if none does. Call it more than once a second. */
  synchronized void tick() {
    long now = nanoTime.getAsLong();
    if (noAudio() && now - lastShownAtNanos >= SECOND_NANOS) {
      lastShownAtNanos = now;
      show(false);
    }
  }

  /** Prints a notice on standard error, below what is drawn in place. */
  synchronized void onNotice(Notice notice) {
    boolean redraw = live && terminal.errIsTerminal() && drawnLines > 0;
    if (redraw) {
      terminal.out().print("\033[" + drawnLines + "A\r\033[J");
      drawnLines = 0;
    }
    terminal.report("notice: " + notice.message());
    if (redraw) {
      show(true);
    }
  }

  private void showLevels() {
    List<Level> measured = new ArrayList<>();
    for (int channel = 0; channel < levels.channels(); channel++) {
      measured.add(new Level(levels.rms(channel), levels.peak(channel)));
    }
    shown = measured;
    levels.reset();
    sinceUpdate = 0;
    lastShownAtNanos = nanoTime.getAsLong();
    show(true);
  }

  private void show(boolean withLevels) {
    if (json) {
      terminal.out().println(JsonText.line(object(withLevels)));
    } else if (live) {
      draw();
    } else {
      printLines(withLevels);
    }
    lostShown = lost;
  }

  private JsonObject object(boolean withLevels) {
    JsonObject object = new JsonObject();
    object.addProperty("device_id", deviceId);
    object.addProperty("format", format.toString());
    object.add("position_s", JsonText.number((double) position / format.sampleRateHz()));
    object.add(
        "channels",
        withLevels
            ? JsonText.array(
                shown,
                level -> {
                  JsonObject channel = new JsonObject();
                  channel.add("rms_dbfs", JsonText.number(level.rms()));
                  channel.add("peak_dbfs", JsonText.number(level.peak()));
                  return channel;
                })
            : new JsonArray());
    object.addProperty("lost_samples", lost);
    object.add("last_frame_age_s", JsonText.number(age()));
    return object;
  }

  private boolean noAudio() {
    return nanoTime.getAsLong() - lastFrameAtNanos >= SILENT_NANOS;
  }

  /** Returns how long ago the last frame came, in seconds. */
  private double age() {
    return (double) (nanoTime.getAsLong() - lastFrameAtNanos) / SECOND_NANOS;
  }

  private void printLines(boolean withLevels) {
    StringBuilder text = new StringBuilder();
    if (withLevels) {
      for (int channel = 0; channel < shown.size(); channel++) {
        text.append(MeterLine.of(channel + 1, shown.get(channel).rms(), shown.get(channel).peak()))
            .append(System.lineSeparator());
      }
    } else if (noAudio()) {
      text.append("no audio for %.0f s%n".formatted(Math.floor(age())));
    }
    if (lost > lostShown) {
      text.append(lostText()).append(System.lineSeparator());
    }
    terminal.out().print(text);
  }

  private String lostText() {
    return "lost %d samples (%.3f s)".formatted(lost, (double) lost / format.sampleRateHz());
  }

  /** Draws a block of lines over the last one. It never fills the terminal, which would scroll. */
  private void draw() {
    readSize();
    List<String> lines = new ArrayList<>();
    int room = Math.max(1, size.rows() - 2); // the status, and the line of the cursor
    int fitting = shown.size() <= room ? shown.size() : Math.max(0, room - 1);
    for (int channel = 0; channel < fitting; channel++) {
      Level level = shown.get(channel);
      lines.add(MeterLine.withBar(channel + 1, level.rms(), level.peak(), size.columns() - 1));
    }
    if (fitting < shown.size()) {
      lines.add("... and %d more channels".formatted(shown.size() - fitting));
    }
    lines.add(
        noAudio()
            ? "no audio for %.0f s, %s".formatted(Math.floor(age()), lostText())
            : "%s, last frame %.1f s ago".formatted(lostText(), age()));
    StringBuilder text = new StringBuilder();
    if (drawnLines > 0) {
      text.append("\033[").append(drawnLines).append('A'); // the cursor moves up
    }
    for (String line : lines) {
      text.append('\r').append(fit(line)).append("\033[K").append(System.lineSeparator());
    }
    terminal.out().print(text.append("\033[J")); // clears what is left of a longer block
    drawnLines = lines.size();
  }

  private void readSize() {
    long now = nanoTime.getAsLong();
    if (now - sizeReadAtNanos >= RESIZE_CHECK_NANOS) {
      sizeReadAtNanos = now;
      size = terminal.size().get();
    }
  }

  /** Cuts a line that would wrap. */
  private String fit(String line) {
    return live ? Printable.cut(line, size.columns() - 1) : line;
  }
}
