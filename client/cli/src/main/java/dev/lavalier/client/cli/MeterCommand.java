package dev.lavalier.client.cli;

import dev.lavalier.client.Frame;
import dev.lavalier.client.FrameStream;
import dev.lavalier.client.Gap;
import dev.lavalier.client.LavalierClient;
import dev.lavalier.client.LavalierException;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;

/** {@code lavalier meter}. */
@Command(
    name = "meter",
    description = {
      "Show the level of each channel, ten times a second on a terminal, else once a second.",
      "Also shows the lost samples and, if no audio comes, for how long. Notices are printed on"
          + " standard error."
    })
final class MeterCommand implements Callable<Integer> {

  private static final int TICK_MS = 500;

  @ParentCommand private LavalierCli cli;

  @Mixin private SourceOptions source;

  @Option(
      names = "--json",
      description =
          "Print one JSON object per second, in a line of its own. A level is null if it is not a"
              + " finite number, as that of silence.")
  private boolean json;

  @Override
  public Integer call() throws LavalierException {
    var options = source.streamOptions();
    try (LavalierClient client = cli.connect();
        FrameStream stream = client.stream(options)) {
      Meter meter = new Meter(cli.terminal(), stream.start(), json, System::nanoTime);
      Notices.listen(stream, meter::onNotice);
      meter.start();
      ScheduledExecutorService timer =
          Executors.newSingleThreadScheduledExecutor(
              task -> {
                Thread thread = new Thread(task, "lavalier-meter");
                thread.setDaemon(true);
                return thread;
              });
      try {
        Future<?> unused =
            timer.scheduleAtFixedRate(
                () -> tick(meter, stream), TICK_MS, TICK_MS, TimeUnit.MILLISECONDS);
        measure(stream, meter);
      } finally {
        timer.shutdownNow();
      }
      return 0;
    }
  }

  /** Ends the stream if the output has failed, since the reading thread may be waiting. */
  private void tick(Meter meter, FrameStream stream) {
    meter.tick();
    if (cli.terminal().output().failed()) {
      stream.close();
    }
  }

  private void measure(FrameStream stream, Meter meter) throws LavalierException {
    int bytesPerSampleFrame = stream.start().format().bytesPerSampleFrame();
    long remaining = source.samples(stream.start().format().sampleRateHz());
    Frame frame;
    while (remaining > 0 && (frame = stream.read()) != null) {
      long missing = frame.gap().map(Gap::sampleCount).orElse(0L);
      meter.onGap(missing);
      remaining -= missing;
      if (remaining > 0) {
        meter.onAudio(frame.pcm());
        remaining -= frame.pcm().remaining() / bytesPerSampleFrame;
      }
      cli.terminal().output().check();
    }
    meter.finish();
    cli.terminal().output().check();
  }
}
