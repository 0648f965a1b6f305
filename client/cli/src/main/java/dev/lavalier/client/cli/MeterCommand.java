package dev.lavalier.client.cli;

import dev.lavalier.client.Frame;
import dev.lavalier.client.FrameStream;
import dev.lavalier.client.LavalierClient;
import dev.lavalier.client.LavalierException;
import dev.lavalier.client.PcmFormat;
import java.io.PrintStream;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.ParentCommand;

/** {@code lavalier meter}. */
@Command(
    name = "meter",
    description =
        "Show the level of each channel, ten times a second on a terminal, else once a second.")
final class MeterCommand implements Callable<Integer> {

  private static final int UPDATES_PER_SECOND = 10;
  private static final int BAR_WIDTH = 30;
  private static final double FLOOR_DB = -60;

  @ParentCommand private LavalierCli cli;

  @Mixin private SourceOptions source;

  @Override
  public Integer call() throws LavalierException {
    source.samples(1); // checks --seconds before the device is opened
    try (LavalierClient client = cli.connect();
        FrameStream stream = client.stream(source.streamOptions())) {
      PcmFormat format = stream.start().format();
      PrintStream out = cli.terminal().out();
      boolean live = cli.terminal().outIsTerminal();
      out.printf("%s, %s%n", stream.start().deviceId(), format);
      Levels levels = new Levels(format);
      long updateInterval =
          live ? format.sampleRateHz() / UPDATES_PER_SECOND : format.sampleRateHz();
      long total = source.samples(format.sampleRateHz());
      boolean shown = false;
      long sinceUpdate = 0;
      for (long received = 0; received < total; ) {
        Frame frame = stream.read();
        if (frame == null) {
          break;
        }
        levels.add(frame.pcm());
        received += stream.start().frameSize();
        sinceUpdate += stream.start().frameSize();
        if (sinceUpdate >= updateInterval || received >= total) {
          print(levels, out, live, live && shown);
          shown = true;
          sinceUpdate = 0;
          levels.reset();
        }
      }
      return 0;
    }
  }

  private static void print(Levels levels, PrintStream out, boolean live, boolean overwrite) {
    StringBuilder text = new StringBuilder();
    if (overwrite) {
      text.append("\033[")
          .append(levels.channels())
          .append('A'); // moves the cursor up over the previous lines
    }
    for (int channel = 0; channel < levels.channels(); channel++) {
      String bar = live ? " |" + bar(levels.rms(channel)) + "|" : "";
      text.append(
          "%s%3d%s rms %6.1f dBFS  peak %6.1f dBFS%n"
              .formatted(
                  live ? "\r" : "",
                  channel + 1,
                  bar,
                  Math.max(-99.9, levels.rms(channel)),
                  Math.max(-99.9, levels.peak(channel))));
    }
    out.print(text);
    out.flush();
  }

  private static String bar(double db) {
    int filled =
        (int) Math.round(BAR_WIDTH * (Math.max(FLOOR_DB, Math.min(0, db)) - FLOOR_DB) / -FLOOR_DB);
    return "#".repeat(filled) + " ".repeat(BAR_WIDTH - filled);
  }
}
