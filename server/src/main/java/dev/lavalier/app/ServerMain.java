package dev.lavalier.app;

import dev.lavalier.common.LogText;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.Charset;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.bridge.SLF4JBridgeHandler;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;

/** The program {@code lavalier-server}; see {@code --help}. */
@Command(
    name = "lavalier-server",
    mixinStandardHelpOptions = true,
    versionProvider = ServerMain.Version.class,
    sortOptions = false,
    description = "Streams the microphones of this machine over gRPC.",
    footer = {
      "",
      "Exit codes: 0 stopped by a signal, 1 could not start, 2 wrong usage or configuration.",
    })
public final class ServerMain implements Callable<Integer> {

  private static final Logger log = LoggerFactory.getLogger(ServerMain.class);

  private static final int FAILED = 1;

  /** The arguments that require the subcommands: their names, and the flags that list them. */
  private static final Set<String> COMMANDS =
      Set.of("check-config", "token", "fleet-key", "--help", "-h");

  /** Netty's leak detection: the tests use it, but it costs a server time. */
  private static final String LEAK_DETECTION = "io.netty.leakDetection.level";

  /** The maximum time to write the last lines of the log. */
  private static final Duration LOG_TIMEOUT = Duration.ofSeconds(1);

  @Mixin private ServerOptions options;

  private final PrintStream out;
  private final PrintStream err;

  private ServerMain(PrintStream out, PrintStream err) {
    this.out = out;
    this.err = err;
  }

  /** Runs the program. */
  public static void main(String[] args) {
    Locale.setDefault(Locale.ROOT); // messages and numbers are the same everywhere
    if (System.getProperty(LEAK_DETECTION) == null) {
      System.setProperty(LEAK_DETECTION, "disabled");
    }
    // HTTP/2 has no renegotiation, so a request for it can only waste time.
    System.setProperty("jdk.tls.rejectClientInitiatedRenegotiation", "true");
    SLF4JBridgeHandler.removeHandlersForRootLogger();
    SLF4JBridgeHandler.install();
    int code;
    try {
      code = run(args, System.getenv(), System.out, System.err);
    } finally {
      Logging.flush(LOG_TIMEOUT);
    }
    System.exit(code);
  }

  /**
   * Runs the program until a signal stops it.
   *
   * @param environment the environment variables
   * @return the exit code
   */
  static int run(String[] args, Map<String, String> environment, PrintStream out, PrintStream err) {
    CommandLine line = commandLine(args, out, err);
    line.setParameterExceptionHandler(
        (e, ignored) -> usageError(err, e.getMessage() + " (see --help)"));
    ParseResult parsed;
    try {
      parsed = line.parseArgs(args);
    } catch (ParameterException e) {
      return line.execute(args); // reports the error
    }
    ParseResult command = parsed.hasSubcommand() ? parsed.subcommand() : parsed;
    if (command.matchedOption("--config") == null
        && !command.commandSpec().optionsMap().containsKey("--config")) {
      return line.execute(args); // this command has no server settings
    }
    try {
      Settings settings = settings(command, environment);
      line.setParameterExceptionHandler(
          (e, ignored) -> usageError(err, withOrigin(e, settings) + " (see --help)"));
      line.setExecutionExceptionHandler(
          (e, ignored, result) -> {
            if (e instanceof IllegalArgumentException) {
              return usageError(err, withOrigin(e.getMessage(), settings));
            }
            throw e;
          });
      return line.execute(settings.appendTo(args));
    } catch (IllegalArgumentException e) {
      return usageError(err, e.getMessage());
    }
  }

  /** Adds the subcommands only if they are needed, because reading their annotations takes time. */
  private static CommandLine commandLine(String[] args, PrintStream out, PrintStream err) {
    CommandLine line = new CommandLine(new ServerMain(out, err));
    if (Arrays.stream(args).anyMatch(COMMANDS::contains)) {
      line.addSubcommand(new CheckConfigCommand());
      line.addSubcommand(new TokenCommand());
      line.addSubcommand(new FleetKeyCommand());
    }
    line.setExpandAtFiles(false); // an argument that begins with @ is no name of a file
    line.setOut(new PrintWriter(out, true, Charset.defaultCharset()));
    line.setErr(new PrintWriter(err, true, Charset.defaultCharset()));
    return line;
  }

  private static Settings settings(ParseResult command, Map<String, String> environment) {
    Set<String> flags = new LinkedHashSet<>();
    command.matchedOptions().forEach(option -> flags.add(Settings.key(option)));
    boolean helpRequested = command.isUsageHelpRequested() || command.isVersionHelpRequested();
    Object config = command.matchedOptionValue("--config", null);
    return new Settings(
        command.commandSpec(),
        flags,
        config == null || helpRequested ? null : config.toString(),
        helpRequested ? Map.of() : environment);
  }

  private static int usageError(PrintStream err, String message) {
    err.println(LogText.sanitize(message)); // it may quote a file
    return CommandLine.ExitCode.USAGE;
  }

  private static String withOrigin(ParameterException e, Settings settings) {
    return e.getArgSpec() instanceof CommandLine.Model.OptionSpec option
        ? withOrigin(Settings.key(option) + ": " + e.getMessage(), settings)
        : e.getMessage();
  }

  /** Appends the place where a setting was set. A message begins with the key of the setting. */
  private static String withOrigin(String message, Settings settings) {
    String key = message.substring(0, Math.max(0, message.indexOf(':'))).replaceFirst("\\..*", "");
    String origin = settings.origin(key);
    return origin == null ? message : "%s, set by %s".formatted(message, origin);
  }

  @Override
  public Integer call() {
    ServerOptions.Values config = options.values();
    options.logging().apply();
    FileNames.warning().ifPresent(log::warn);
    LavalierServer server = new LavalierServer(config);
    try {
      server.start();
    } catch (ListenException e) {
      report(e.getMessage());
      server.close();
      return FAILED;
    }
    ShutdownHook.install(server);
    List<String> addresses = new ArrayList<>();
    if (config.address().isPresent()) {
      String address =
          NextSteps.address(config.address().get().getAddress(), server.port().orElseThrow());
      warnIfOpen(config, config.address().get().getAddress(), address);
      addresses.add(address);
    }
    config.unixSocket().ifPresent(socket -> addresses.add(socket.toString()));
    // Scripts wait for the first line.
    addresses.forEach(address -> out.println("lavalier-server listening on " + address));
    config.web().ifPresent(web -> reportWebPort(config, web.address().getAddress(), server));
    out.flush();
    // With TLS or tokens, the commands need files of the operator's.
    if (!options.logging().isJson()
        && config.tls().isEmpty()
        && config.tokens().isEmpty()
        && !config.isEdge() // it has no default device
        && NextSteps.isTerminal()) {
      String searchPath = System.getenv().getOrDefault("PATH", "");
      String reachable =
          config
              .address()
              .map(InetSocketAddress::getAddress)
              .map(each -> NextSteps.reachableAddress(each, server.port().orElseThrow()))
              .orElse(addresses.get(0));
      NextSteps.text(Path.of(""), searchPath, reachable, server.hasDefaultDevice())
          .ifPresent(err::println);
    }
    awaitSignal();
    return CommandLine.ExitCode.OK;
  }

  private void reportWebPort(
      ServerOptions.Values config, InetAddress bound, LavalierServer server) {
    int port = server.webPort().orElseThrow();
    warnIfOpen(config, bound, NextSteps.address(bound, port));
    out.printf(
        "web page at %s://%s/%n",
        config.tls().isPresent() ? "https" : "http", NextSteps.reachableAddress(bound, port));
  }

  private void warnIfOpen(ServerOptions.Values config, InetAddress bound, String address) {
    ListenOptions.warning(bound, address, config.tls().isPresent(), config.requiresAuthentication())
        .ifPresent(this::warn);
  }

  /** Prints why the server cannot start. If the log is JSON, standard error has nothing else. */
  private void report(String message) {
    if (options.logging().isJson()) {
      log.error(message);
    } else {
      err.println(message);
    }
  }

  /** Warns at every log level. */
  private void warn(String message) {
    if (!options.logging().isJson()) {
      err.println(message);
    }
    log.warn(message);
  }

  private static void awaitSignal() {
    try {
      new CountDownLatch(1).await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Returns the version in the jar's manifest. */
  static String version() {
    String version = ServerMain.class.getPackage().getImplementationVersion();
    return version == null ? "(unpackaged)" : version;
  }

  /** Provides the text for {@code --version}. */
  static final class Version implements CommandLine.IVersionProvider {
    @Override
    public String[] getVersion() {
      return new String[] {"lavalier-server " + version()};
    }
  }
}
