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
    StreamOptions options = playableOptions();
    // A line that is opened before the stream, even if it is closed at once, clicks for seconds.
    try (LavalierClient client = cli.connect();
        FrameStream stream = client.stream(options);
        Player player = Player.open(stream.start().format(), bufferMs)) {
      play(player, stream);
      return 0;
    } catch (IOException e) {
      throw new CliException(Printable.of(e.getMessage()), e);
    }
  }

  private StreamOptions playableOptions() {
    StreamOptions options = source.streamOptions();
    if (bufferMs < 1 || bufferMs > Player.MAX_BUFFER_MS) {
      throw new UsageException(
          "--buffer-ms: %d (expected: 1 to %d)".formatted(bufferMs, Player.MAX_BUFFER_MS));
    }
    PcmFormat format = options.format().orElse(PLAYABLE);
    if (format.encoding() != SampleEncoding.S16LE) {
      throw new UsageException(
          "--format: %s (expected: encoding s16le, which output devices play)".formatted(format));
    }
    return options.toBuilder().format(format).build();
  }

  private void play(Player player, FrameStream stream) throws LavalierException, IOException {
    try (ExitHook hook = ExitHook.install(() -> {})) {
      hook.setStream(stream);
      Notices.listen(stream, notice -> cli.terminal().report("notice: " + notice.message()));
      if (cli.terminal().errIsTerminal()) {
        cli.terminal()
            .report(
                "listening to %s, %s"
                    .formatted(stream.start().deviceId(), stream.start().format()));
      }
      try {
        player.play(stream, source.samples(stream.start().format().sampleRateHz()));
      } finally {
        printStats(player.stats());
      }
    }
  }

  private void printStats(Player.PlaybackStats stats) {
    if (stats.underruns() > 0 || stats.skippedFrames() > 0 || cli.terminal().errIsTerminal()) {
      cli.terminal()
          .err()
          .println(
              "underruns %d, frames skipped %d, samples corrected %d, buffer %d ms"
                  .formatted(
                      stats.underruns(),
                      stats.skippedFrames(),
                      stats.correctedSamples(),
                      stats.bufferMs()));
    }
  }
}
