package dev.lavalier.client.cli;

import dev.lavalier.client.ConnectOptions;
import dev.lavalier.client.LavalierClient;
import dev.lavalier.client.LavalierException;
import dev.lavalier.client.bench.BenchException;
import dev.lavalier.client.bench.LoadGenerator;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.charset.Charset;
import java.util.Map;
import java.util.function.Function;
import org.slf4j.bridge.SLF4JBridgeHandler;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.ScopeType;

/** The {@code lavalier} program; {@code --help} describes it. */
@Command(
    name = "lavalier",
    mixinStandardHelpOptions = true,
    scope = ScopeType.INHERIT,
    versionProvider = LavalierCli.Version.class,
    sortOptions = false,
    description = "Plays, records and measures audio from a Lavalier server.",
    footer = {"", "Exit codes: 0 success, 1 failure, 2 wrong usage, 130 after Ctrl-C."},
    subcommands = {
      DevicesCommand.class,
      SubscriptionsCommand.class,
      RecordCommand.class,
      ListenCommand.class,
      MeterCommand.class,
      BenchCommand.class
    })
public final class LavalierCli {

  private static final int FAILED = 1;

  @Mixin private ServerOptions server;

  private final Function<ConnectOptions, LavalierClient> connector;
  private final Function<ConnectOptions, LoadGenerator> loadGenerators;
  private final Terminal terminal;

  private LavalierCli(
      Function<ConnectOptions, LavalierClient> connector,
      Function<ConnectOptions, LoadGenerator> loadGenerators,
      Terminal terminal) {
    this.connector = connector;
    this.loadGenerators = loadGenerators;
    this.terminal = terminal;
  }

  /** Runs the program. */
  public static void main(String[] args) {
    SLF4JBridgeHandler.removeHandlersForRootLogger();
    SLF4JBridgeHandler.install();
    System.exit(run(args, LavalierClient::connect, LoadGenerator::of, Terminal.system()));
  }

  /**
   * Runs the program with injected connections, load generator and terminal; returns the exit code.
   */
  static int run(
      String[] args,
      Function<ConnectOptions, LavalierClient> connector,
      Function<ConnectOptions, LoadGenerator> loadGenerators,
      Terminal terminal) {
    CommandLine line = new CommandLine(new LavalierCli(connector, loadGenerators, terminal));
    line.setExpandAtFiles(false); // an argument that begins with @ is no name of a file
    line.setOut(new PrintWriter(terminal.out(), true, Charset.defaultCharset()));
    line.setErr(new PrintWriter(terminal.err(), true, Charset.defaultCharset()));
    line.setParameterExceptionHandler(
        (e, ignored) -> {
          terminal.err().println(e.getMessage() + " (see --help)");
          return CommandLine.ExitCode.USAGE;
        });
    line.setExecutionExceptionHandler((e, ignored, result) -> reportFailure(e, terminal));
    if (args.length == 0) {
      line.usage(terminal.err());
      return CommandLine.ExitCode.USAGE;
    }
    return line.execute(args);
  }

  /** Prints one line for an expected failure and a stack trace for a bug. */
  private static int reportFailure(Exception e, Terminal terminal) {
    if (e instanceof LavalierException
        || e instanceof CliException
        || e instanceof BenchException) {
      terminal.err().println(e.getMessage());
    } else {
      e.printStackTrace(terminal.err());
    }
    return FAILED;
  }

  /**
   * Creates a client of the server that the options name.
   *
   * @throws CliException if an option is invalid
   */
  LavalierClient connect() {
    return create(connector);
  }

  /**
   * Creates a load generator for the server that the options name; throws like {@link #connect}.
   */
  LoadGenerator loadGenerator() {
    return create(loadGenerators);
  }

  private <T> T create(Function<ConnectOptions, T> factory) {
    try {
      return factory.apply(server.connectOptions(terminal.environment()));
    } catch (IllegalArgumentException e) {
      throw new CliException(e.getMessage(), e);
    }
  }

  Terminal terminal() {
    return terminal;
  }

  /**
   * The streams and environment that the program uses.
   *
   * @param out standard output
   * @param err standard error
   * @param outIsTerminal whether standard output is a terminal
   * @param errIsTerminal whether standard error is a terminal
   * @param environment the environment variables
   */
  record Terminal(
      PrintStream out,
      PrintStream err,
      boolean outIsTerminal,
      boolean errIsTerminal,
      Map<String, String> environment) {
    static Terminal system() {
      return new Terminal(
          System.out,
          System.err,
          TerminalCheck.isTerminal(1),
          TerminalCheck.isTerminal(2),
          System.getenv());
    }
  }

  /** Reads the version from the jar. */
  static final class Version implements CommandLine.IVersionProvider {
    @Override
    public String[] getVersion() {
      String version = LavalierCli.class.getPackage().getImplementationVersion();
      return new String[] {"lavalier " + (version == null ? "(unpackaged)" : version)};
    }
  }
}
