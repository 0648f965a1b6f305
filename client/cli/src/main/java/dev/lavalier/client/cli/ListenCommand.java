package dev.lavalier.client.cli;

import dev.lavalier.client.FrameStream;
import dev.lavalier.client.LavalierClient;
import dev.lavalier.client.LavalierException;
import dev.lavalier.client.PcmFormat;
import dev.lavalier.client.SampleEncoding;
import dev.lavalier.client.StreamOptions;
import dev.lavalier.client.sound.Player;
import java.io.IOException;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;

/** {@code lavalier listen}. */
@Command(
    name = "listen",
    description = {
      "Play on the default output device.",
      "The buffer grows when frames arrive late and shrinks after a period without late frames.",
      "Without --format, the stream has the captured rate and channels in s16le, the only encoding"
          + " that can be played."
    })
final class ListenCommand implements Callable<Integer> {

  private static final PcmFormat PLAYABLE = new PcmFormat(SampleEncoding.S16LE, 0, 0);

  @ParentCommand private LavalierCli cli;

  @Mixin private SourceOptions source;

  @Option(
      names = "--buffer-ms",
      paramLabel = "MS",
      defaultValue = "60",
      description = "Initial buffer in ms, 1 to 500 (default: ${DEFAULT-VALUE}).")
  private int bufferMs;

  @Override
  public Integer call() throws LavalierException {
    source.samples(1); // checks --seconds before the device is opened
    StreamOptions options = source.streamOptions();
    if (options.format().isEmpty()) {
      options = options.withFormat(PLAYABLE);
    }
    try (LavalierClient client = cli.connect();
        FrameStream stream = client.stream(options);
        Player player = Player.open(stream.start().format(), bufferMs)) {
      stream.onNotice(notice -> cli.terminal().err().println("notice: " + notice.message()));
      if (cli.terminal().errIsTerminal()) {
        cli.terminal()
            .err()
            .printf("listening to %s, %s%n", stream.start().deviceId(), stream.start().format());
      }
      try {
        player.play(stream, source.samples(stream.start().format().sampleRateHz()));
      } finally {
        printStats(player.stats());
      }
      return 0;
    } catch (IOException | IllegalArgumentException e) {
      throw new CliException(e.getMessage(), e);
    }
  }

  private void printStats(Player.PlaybackStats stats) {
    if (stats.underruns() > 0 || stats.skippedFrames() > 0 || cli.terminal().errIsTerminal()) {
      cli.terminal()
          .err()
          .printf(
              "underruns %d, frames skipped %d, samples corrected %d, buffer %d ms%n",
              stats.underruns(), stats.skippedFrames(), stats.correctedSamples(), stats.bufferMs());
    }
  }
}
