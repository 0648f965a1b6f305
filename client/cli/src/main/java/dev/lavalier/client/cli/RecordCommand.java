package dev.lavalier.client.cli;

import dev.lavalier.client.FrameStream;
import dev.lavalier.client.LavalierClient;
import dev.lavalier.client.LavalierException;
import dev.lavalier.client.PcmFormat;
import dev.lavalier.client.StreamOptions;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

/** {@code lavalier record}. */
@Command(
    name = "record",
    description = {
      "Record to a WAV file, or write raw PCM to standard output.",
      "Gaps are filled with silence and reported on standard error, including audio lost while the"
          + " server was unreachable. If the server does not become reachable again in time, the"
          + " recording up to that point is kept."
    })
final class RecordCommand implements Callable<Integer> {

  private static final long FINISH_TIMEOUT_SECONDS = 3;

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
      description =
          "Start MS milliseconds in the past, if the server still has that audio (0 to 600000,"
              + " default: 0).")
  private int prerollMs;

  @Parameters(paramLabel = "FILE.wav|-", description = "File to write, or - for standard output.")
  private String target;

  @Override
  public Integer call() throws LavalierException {
    source.samples(1); // checks --seconds before anything is opened
    if (target.equals("-")) {
      try {
        record(format -> new RawOutput(cli.terminal().out()));
      } catch (IOException e) {
        return 0; // the reader closed the pipe, which is a normal end
      }
    } else {
      recordInto(Path.of(target));
    }
    return 0;
  }

  /** Opens the file before the device. If the device cannot be opened, the file stays unchanged. */
  private void recordInto(Path path) throws LavalierException {
    boolean existed = Files.exists(path);
    try (FileChannel file =
        FileChannel.open(path, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
      try {
        record(format -> new WavFile(file, format));
      } catch (LavalierException e) {
        if (!existed && Files.size(path) == 0) {
          Files.delete(path);
        }
        throw e;
      }
    } catch (IOException e) {
      throw new CliException("file: %s (expected: a writable file; %s)".formatted(path, e), e);
    }
  }

  private interface OutputFactory {
    PcmOutput open(PcmFormat format) throws IOException;
  }

  private void record(OutputFactory outputs) throws LavalierException, IOException {
    try (LavalierClient client = cli.connect();
        FrameStream stream = client.stream(streamOptions())) {
      CountDownLatch finished = new CountDownLatch(1);
      Thread shutdownHook = new Thread(() -> finish(stream, finished), "lavalier-stop");
      Runtime.getRuntime().addShutdownHook(shutdownHook);
      try {
        write(stream, outputs);
      } finally {
        finished.countDown();
        removeShutdownHook(shutdownHook);
      }
    }
  }

  private StreamOptions streamOptions() {
    return source
        .streamOptions()
        .withFrameSize(frameSize)
        .withPreroll(Duration.ofMillis(prerollMs));
  }

  private void write(FrameStream stream, OutputFactory outputs) throws IOException {
    PcmFormat format = stream.start().format();
    Progress progress = new Progress(cli.terminal(), stream.start(), target);
    stream.onNotice(progress::onNotice);
    if (stream.start().preroll().toMillis() < prerollMs) {
      progress.onPreroll(stream.start().preroll(), prerollMs);
    }
    try (PcmOutput output = outputs.open(format)) {
      new Recorder(stream, output, progress).record(source.samples(format.sampleRateHz()));
    } catch (LavalierException e) {
      throw new CliException("the recording ended early: " + e.getMessage(), e);
    } finally {
      progress.finish();
    }
  }

  /**
   * Runs on Ctrl-C: ends the stream and delays the exit of the JVM until the recording is complete.
   */
  private static void finish(FrameStream stream, CountDownLatch finished) {
    stream.close();
    try {
      finished.await(FINISH_TIMEOUT_SECONDS, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static void removeShutdownHook(Thread shutdownHook) {
    try {
      Runtime.getRuntime().removeShutdownHook(shutdownHook);
    } catch (IllegalStateException e) {
      // The JVM is already shutting down: the hook itself ended the recording.
    }
  }
}
