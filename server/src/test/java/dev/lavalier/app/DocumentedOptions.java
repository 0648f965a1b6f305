package dev.lavalier.app;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;

/** The command line of the server, for the tests of the documentation. */
public final class DocumentedOptions {

  private static final Pattern OPTION = Pattern.compile("(?m)^ +(?:-\\w, )?(--[a-z0-9-]+)");

  private static final CommandSpec CHECK_CONFIG = named(new CheckConfigCommand());

  private DocumentedOptions() {}

  /** Returns {@code check-config}, which has all options of the server. */
  public static CommandSpec checkConfig() {
    return CHECK_CONFIG;
  }

  /** Returns {@code token}, with its subcommands. */
  public static CommandSpec token() {
    return named(new TokenCommand());
  }

  /** Returns {@code fleet-key}. */
  public static CommandSpec fleetKey() {
    return named(new FleetKeyCommand());
  }

  private static CommandSpec named(Object command) {
    CommandSpec root = CommandSpec.create().name("lavalier-server");
    CommandLine line = new CommandLine(command);
    root.addSubcommand(line.getCommandName(), line);
    return line.getCommandSpec();
  }

  /** Returns all commands and options. */
  public static CommandLine program() {
    CommandLine program = new CommandLine(new CheckConfigCommand());
    program.addSubcommand(new CheckConfigCommand());
    program.addSubcommand(new TokenCommand());
    program.addSubcommand(new FleetKeyCommand());
    return program;
  }

  /** Returns the names of the options that {@code lavalier-server --help} lists. */
  public static Set<String> namesInHelp() {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    PrintStream print = new PrintStream(out, true, StandardCharsets.UTF_8);
    ServerMain.run(new String[] {"--help"}, Map.of(), print, print);
    Set<String> names = new TreeSet<>();
    OPTION
        .matcher(out.toString(StandardCharsets.UTF_8))
        .results()
        .forEach(m -> names.add(m.group(1)));
    return names;
  }

  /** Returns the key of an option in the configuration file. */
  public static String key(OptionSpec option) {
    return Settings.key(option);
  }

  /** Returns the arguments that the server reads from the environment and a file; null: no file. */
  public static List<String> read(Map<String, String> environment, String file) {
    return new Settings(CHECK_CONFIG, Set.of(), file, environment).asArguments();
  }
}
