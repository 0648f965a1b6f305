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
    description = "Show the level of each channel; a line a second where nobody watches.")
final class MeterCommand implements Callable<Integer> {

  private static final int LIVE_PER_SECOND = 10;
  private static final int BAR = 30;
  private static final double FLOOR_DB = -60;

  @ParentCommand private LavalierCli cli;

  @Mixin private SourceOptions source;

  @Override
  public Integer call() throws LavalierException {
    source.samples(1); // before the microphone is opened
    try (LavalierClient client = cli.connect();
        FrameStream stream = client.stream(source.streamOptions())) {
      PcmFormat format = stream.start().format();
      PrintStream out = cli.terminal().out();
      boolean live = cli.terminal().outIsTerminal();
      out.printf("%s, %s%n", stream.start().deviceId(), format);
      Levels levels = new Levels(format);
      long every = live ? format.sampleRateHz() / LIVE_PER_SECOND : format.sampleRateHz();
      long wanted = source.samples(format.sampleRateHz());
      boolean shown = false;
      long since = 0;
      for (long heard = 0; heard < wanted; ) {
        Frame frame = stream.read();
        if (frame == null) {
          break;
        }
        levels.add(frame.pcm());
        heard += stream.start().frameSize();
        since += stream.start().frameSize();
        if (since >= every || heard >= wanted) {
          show(levels, out, live, live && shown);
          shown = true;
          since = 0;
          levels.reset();
        }
      }
      return 0;
    }
  }

  private static void show(Levels levels, PrintStream out, boolean live, boolean again) {
    StringBuilder text = new StringBuilder();
    if (again) {
      text.append("\033[").append(levels.channels()).append('A'); // up, over the last ones
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
    int full = (int) Math.round(BAR * (Math.max(FLOOR_DB, Math.min(0, db)) - FLOOR_DB) / -FLOOR_DB);
    return "#".repeat(full) + " ".repeat(BAR - full);
  }
}
