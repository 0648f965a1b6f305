package dev.lavalier.client.cli;

import dev.lavalier.client.LavalierClient;
import dev.lavalier.client.LavalierException;
import dev.lavalier.client.bench.BenchException;
import dev.lavalier.client.bench.BenchOptions;
import dev.lavalier.client.bench.BenchReport;
import dev.lavalier.client.bench.BenchResult;
import java.io.PrintStream;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;

/** {@code lavalier bench}. */
@Command(
    name = "bench",
    description = {
      "Subscribe many times and measure what the subscribers receive: frames, gaps, latency,"
          + " the spread between subscribers, and the interval between frames."
          + " docs/internals/bench-tool.md explains each value.",
      "",
      "If this machine was the bottleneck, no results are printed and the exit code is 3. This"
          + " machine is the bottleneck if it was idle for less than 5 %% of the time (read from"
          + " /proc/stat, if it exists), if this program used more than 80 %% of its processors, or"
          + " if heartbeats on its event loops, one every 7 ms, were more than 5 ms late at p99.",
      ""
    },
    exitCodeList = {
      "0:success",
      "1:failure, or streams that ended early",
      "2:wrong usage: an unknown option, a missing or an invalid value",
      "3:this machine was the bottleneck, so there are no results",
      "130:Ctrl-C",
      "143:SIGTERM"
    })
final class BenchCommand implements Callable<Integer> {

  /** This machine was the bottleneck. */
  static final int REFUSED = 3;

  private static final int ENDED_EARLY = 1;

  @ParentCommand private LavalierCli cli;

  @Mixin private LoadOptions load;

  @Option(
      names = "--json",
      description =
          "Print one JSON object for scripts; {\"refused\": \"...\"} if there are no results.")
  private boolean json;

  /** The options that describe the load. */
  static final class LoadOptions {
    @Option(
        names = "--subscribers",
        paramLabel = "N",
        defaultValue = "100",
        description = "Number of subscriptions, 1..100000 (default: ${DEFAULT-VALUE}).")
    private int subscribers;

    @Option(
        names = "--connections",
        paramLabel = "M",
        description =
            "Connections that the subscriptions share, 1..N (default: one per subscription).")
    private @Nullable Integer connections;

    @Option(
        names = "--seconds",
        paramLabel = "S",
        defaultValue = "30",
        description =
            "Seconds of audio to measure, more than 0, at most 86400 (default:"
                + " ${DEFAULT-VALUE}).")
    private double seconds;

    @Option(
        names = "--warmup",
        paramLabel = "S",
        defaultValue = "10",
        description =
            "Seconds to run before the measurement, 0..3600, while the JVMs of client and server"
                + " compile their code (default: ${DEFAULT-VALUE}).")
    private double warmup;

    @Option(
        names = "--device",
        paramLabel = "ID",
        defaultValue = "",
        description = "Device to subscribe to (default: the server's default device).")
    private String device;

    @Option(
        names = "--frame-size",
        paramLabel = "N",
        defaultValue = "0",
        description = "Samples per channel in a frame (default: 20 ms).")
    private int frameSize;

    @Option(
        names = "--max-latency-ms",
        paramLabel = "MS",
        defaultValue = "0",
        description = "Maximum time in ms that a frame may wait on the server (default: 200).")
    private int maxLatencyMs;

    private BenchOptions options() {
      try {
        return new BenchOptions(
            device,
            frameSize,
            maxLatencyMs,
            subscribers,
            connections == null ? subscribers : connections,
            warmup,
            seconds);
      } catch (IllegalArgumentException e) {
        throw new UsageException(FlagNames.in(e.getMessage()));
      }
    }
  }

  @Override
  public Integer call() throws LavalierException, BenchException, InterruptedException {
    BenchOptions options = load.options();
    try (LavalierClient client = cli.connect()) {
      client.listDevices(); // reports a wrong address before the load starts
    }
    Terminal terminal = cli.terminal();
    if (terminal.errIsTerminal()) {
      terminal.err().println("%s, then %s s".formatted(BenchText.load(options), options.seconds()));
    }
    BenchResult result = cli.loadGenerator().run(options);
    PrintStream out = terminal.out();
    if (result instanceof BenchResult.Measured measured) {
      BenchReport report = measured.report();
      out.print(json ? BenchJson.of(options, report) : BenchText.of(options, report));
      return report.ended().isEmpty() && report.stalledStreams() == 0 ? 0 : ENDED_EARLY;
    }
    String reason = ((BenchResult.Refused) result).reason();
    if (json) {
      out.print(BenchJson.refused(reason));
    }
    terminal.err().println(reason);
    return REFUSED;
  }
}
