package dev.lavalier.client.cli;

import dev.lavalier.client.Codec;
import dev.lavalier.client.FrameStream;
import dev.lavalier.client.LavalierClient;
import dev.lavalier.client.LavalierException;
import dev.lavalier.client.StreamOptions;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

/** {@code lavalier record}. */
@Command(
    name = "record",
    description = {
      "Record to a WAV, FLAC or Opus file or to files of equal length, or write raw PCM to standard"
          + " output.",
      "Gaps are filled with silence and reported on standard error, including audio lost while the"
          + " server was unreachable. If the server does not become reachable again in time, the"
          + " recording up to that point is kept."
    })
final class RecordCommand implements Callable<Integer> {

  /** Requested in this order, until the server has enough memory. Zero: the server's default. */
  private static final List<Duration> MAX_LATENCIES =
      List.of(Duration.ofSeconds(60), Duration.ofSeconds(20), Duration.ofSeconds(5), Duration.ZERO);

  private static final Duration MAX_PREROLL = Duration.ofMinutes(10);

  @ParentCommand private LavalierCli cli;

  @Mixin private SourceOptions source;

  @Option(
      names = "--frame-size",
      paramLabel = "N",
      defaultValue = "0",
      description = "Samples per channel in a frame (default: 20 ms).")
  private int frameSize;

  @Option(
      names = "--preroll",
      paramLabel = "MS",
      defaultValue = "0",
      converter = DurationConverter.Millis.class,
      description =
          "Start MS milliseconds in the past, or e.g. 10s, if the server still has that audio"
              + " (0 to 600000, default: 0).")
  private Duration preroll;

  @Option(
      names = "--container",
      paramLabel = "wav|raw|flac|ogg",
      description =
          "What to write: WAV, samples without a header, FLAC, or Opus in Ogg (default: that of the"
              + " extension, else wav for a file, raw for -). A WAV header for a pipe has sizes of"
              + " 0xFFFFFFFF.")
  private @Nullable Container container;

  @Option(
      names = "--segment",
      paramLabel = "TIME",
      converter = DurationConverter.Seconds.class,
      description = {
        "Write files of this length, e.g. 500ms, 30s, 15m or 1h (100ms to 24h), without a lost"
            + " sample between them (default: one file). FILE then has the capture time of the"
            + " first sample of each, in local time:",
        "%%Y %%m %%d %%H %%M %%S %%f %%y %%j %%F %%s %%z" // one line, so that none is split
      })
  private @Nullable Duration segment;

  @Parameters(
      paramLabel = "FILE|-",
      description =
          "File to write, .wav, .flac, .opus or .ogg, or - for standard output. .flac selects --codec"
              + " flac; .opus and .ogg select --codec opus, and contain what the server sent.")
  private String target;

  @Override
  public Integer call() throws LavalierException {
    RecordTarget checked = RecordTarget.of(target, container, segment, cli.terminal());
    StreamOptions options = streamOptions(checked.container());
    // The file is opened before the device: if it cannot be written, the microphone stays off.
    try (LavalierClient client = cli.connect();
        RecordTarget opened = checked.open();
        ExitHook hook = ExitHook.install(opened::discard);
        FrameStream stream = open(client, options)) {
      hook.setStream(stream);
      record(stream, opened);
    }
    return 0;
  }

  private StreamOptions streamOptions(Container written) {
    if (frameSize < 0) {
      throw new UsageException("--frame-size: %d (expected: 0 or more)".formatted(frameSize));
    }
    if (preroll.compareTo(MAX_PREROLL) > 0) {
      throw new UsageException(
          "--preroll: %d (expected: 0 to %d ms)"
              .formatted(preroll.toMillis(), MAX_PREROLL.toMillis()));
    }
    StreamOptions options =
        source.streamOptions().toBuilder().frameSize(frameSize).preroll(preroll).build();
    if (written.codec().isEmpty()) {
      return options;
    }
    Codec codec = written.codec().get();
    if (source.codec().isPresent() && source.codec().get() != codec) {
      throw new UsageException(
          "--codec: %s (expected: %s for %s)"
              .formatted(
                  source.codec().get().name().toLowerCase(Locale.ROOT),
                  codec.name().toLowerCase(Locale.ROOT),
                  container == null ? target : "--container " + written));
    }
    return options.toBuilder().codec(codec).packets(written == Container.OGG).build();
  }

  /**
   * Opens the stream with a long queue on the server, so that a stall of the network loses nothing.
   * If the server does not have the memory, tries shorter ones.
   */
  private FrameStream open(LavalierClient client, StreamOptions options) throws LavalierException {
    if (source.maxLatency().isPresent()) {
      return client.stream(options);
    }
    LavalierException refused = null;
    for (Duration maxLatency : MAX_LATENCIES) {
      try {
        FrameStream stream = client.stream(options.toBuilder().maxLatency(maxLatency).build());
        if (refused != null) {
          reportShortQueue(stream, refused);
        }
        return stream;
      } catch (LavalierException e) {
        if (e.kind() != LavalierException.Kind.LIMIT_REACHED) {
          throw e;
        }
        refused = e;
      }
    }
    throw refused;
  }

  private void reportShortQueue(FrameStream stream, LavalierException refused) {
    cli.terminal()
        .report(
            "notice: a stall of more than %.1f s loses audio, because the server refused a longer"
                    .formatted(stream.start().maxLatency().toMillis() / 1e3)
                + " queue: "
                + refused.getMessage());
  }

  private void record(FrameStream stream, RecordTarget opened) {
    opened.container().check(stream.start());
    Progress progress = new Progress(cli.terminal(), stream.start(), opened.displayName());
    Notices.listen(stream, progress::onNotice);
    if (stream.start().preroll().compareTo(preroll) < 0) {
      progress.onPreroll(stream.start().preroll(), preroll);
    }
    try {
      try (AudioOutput output = opened.start(stream.start(), stream::close)) {
        long samples = source.samples(stream.start().format().sampleRateHz());
        boolean hasPackets = opened.container() == Container.OGG;
        new Recorder(stream, hasPackets, output, progress).record(samples);
      } finally {
        progress.finish();
      }
      progress.summarize(opened.written());
    } catch (LavalierException e) {
      for (Throwable failed : e.getSuppressed()) {
        if (failed instanceof IOException output) { // of the close: the target is not complete
          throw opened.failure(output);
        }
      }
      progress.summarize(opened.written());
      throw new CliException("the recording ended early: " + FlagNames.in(e.getMessage()), e);
    } catch (IOException e) {
      throw opened.failure(e);
    }
  }
}
