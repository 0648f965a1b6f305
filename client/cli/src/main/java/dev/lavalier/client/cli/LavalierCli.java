package dev.lavalier.client.cli;

import dev.lavalier.client.ConnectOptions;
import dev.lavalier.client.LavalierClient;
import dev.lavalier.client.bench.LoadGenerator;
import java.io.PrintWriter;
import java.nio.charset.Charset;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Map.Entry;
import java.util.Set;
import java.util.function.Function;
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
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      "0:success, or the reader of a pipe closed it",
      "1:failure: no server, no access, no such device, a failed write, an early end, a failed"
          + " check",
      "2:wrong usage: an unknown option, a missing or an invalid value",
      "130:Ctrl-C",
      "143:SIGTERM"
    })
public final class LavalierCli {

  /** In the order of the help. */
  private static final List<Entry<String, Class<?>>> COMMANDS =
      List.of(
          Map.entry("devices", DevicesCommand.class),
          Map.entry("subscriptions", SubscriptionsCommand.class),
          Map.entry("record", RecordCommand.class),
          Map.entry("listen", ListenCommand.class),
          Map.entry("meter", MeterCommand.class),
          Map.entry("doctor", DoctorCommand.class),
          Map.entry("bench", BenchCommand.class),
          Map.entry("generate-completion", CompletionCommand.class),
          Map.entry("help", CommandLine.HelpCommand.class));

  /** These print something about all commands. */
  private static final Set<String> NEED_ALL_COMMANDS = Set.of("generate-completion", "help");

  private static final Set<String> VERSION_OPTIONS = Set.of("--version", "-V");

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
    // Netty would create events of Flight Recorder, which takes a tenth of the time of a command.
    System.getProperties().putIfAbsent("io.netty.jfr.enabled", "false");
    System.exit(
        run(args, logged(LavalierClient::connect), logged(LoadGenerator::of), Terminal.system()));
  }

  /** The log is configured by the first connection: other calls do without it. */
  private static <T> Function<ConnectOptions, T> logged(Function<ConnectOptions, T> connector) {
    return options -> {
      Logging.configure();
      return connector.apply(options);
    };
  }

  /**
   * Runs the program with injected connections, load generator and terminal; returns the exit code.
   */
  static int run(
      String[] args,
      Function<ConnectOptions, LavalierClient> connector,
      Function<ConnectOptions, LoadGenerator> loadGenerators,
      Terminal terminal) {
    Locale.setDefault(Locale.ROOT); // numbers and messages do not depend on the user's language
    CommandLine line = new CommandLine(new LavalierCli(connector, loadGenerators, terminal));
    commandsFor(args).forEach(line::addSubcommand);
    line.setExpandAtFiles(false); // an argument that begins with @ is no name of a file
    line.setCaseInsensitiveEnumValuesAllowed(true);
    line.setOut(new PrintWriter(terminal.out(), true, Charset.defaultCharset()));
    line.setErr(new PrintWriter(terminal.err(), true, Charset.defaultCharset()));
    line.setParameterExceptionHandler((e, ignored) -> Failures.reportUsage(e, terminal));
    line.setExecutionExceptionHandler((e, ignored, result) -> Failures.report(e, terminal));
    if (args.length == 0) {
      line.usage(terminal.err());
      return CommandLine.ExitCode.USAGE;
    }
    int code = line.execute(args);
    try {
      terminal.output().check();
    } catch (OutputException e) {
      return code == CommandLine.ExitCode.OK ? Failures.report(e, terminal) : code;
    }
    return code;
  }

  /** Returns the classes of all commands, in the order of the help. */
  static List<Class<?>> commands() {
    return commandsFor(new String[0]);
  }

  /**
   * Returns the commands that a call can need: only one if the first argument is its name. To read
   * the annotations of all others takes half of the time of a short command.
   */
  private static List<Class<?>> commandsFor(String[] args) {
    String first = args.length == 0 ? "" : args[0];
    if (args.length == 1 && VERSION_OPTIONS.contains(first)) {
      return List.of();
    }
    List<Class<?>> all = new ArrayList<>();
    for (Entry<String, Class<?>> command : COMMANDS) {
      if (command.getKey().equals(first) && !NEED_ALL_COMMANDS.contains(first)) {
        return List.of(command.getValue());
      }
      all.add(command.getValue());
    }
    return all;
  }

  /**
   * Creates a client of the server that the options name.
   *
   * @throws UsageException if an option is invalid, such as the name of a file without certificates
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

  /** Returns the options to connect with; throws like {@link #connect}. */
  ConnectOptions connectOptions() {
    return create(options -> options);
  }

  private <T> T create(Function<ConnectOptions, T> factory) {
    try {
      return factory.apply(server.connectOptions(terminal.environment()));
    } catch (IllegalArgumentException e) {
      throw new UsageException(FlagNames.in(e.getMessage()));
    }
  }

  Terminal terminal() {
    return terminal;
  }

  /** Returns the name of the program and its version, which the jar has. */
  static String nameAndVersion() {
    String version = LavalierCli.class.getPackage().getImplementationVersion();
    return "lavalier " + (version == null ? "(unpackaged)" : version);
  }

  /** The version of the program. */
  static final class Version implements CommandLine.IVersionProvider {
    @Override
    public String[] getVersion() {
      return new String[] {nameAndVersion()};
    }
  }
}
