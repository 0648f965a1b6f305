import java.io.IOException;
import java.lang.reflect.Constructor;
import java.lang.reflect.Method;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import picocli.AutoComplete;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;

/**
 * Writes files about the commands of both programs, from the annotations of the commands: {@code
 * completions/PROGRAM} for bash, and the manual page {@code man/PROGRAM.1}. The result depends only
 * on the arguments.
 *
 * <p>Run from its source, with both jars in the class path: {@code java -cp SERVER_JAR:CLIENT_JAR
 * CommandFiles.java VERSION DIRECTORY}.
 */
final class CommandFiles {

  private CommandFiles() {}

  /** Writes the files. */
  public static void main(String[] args) throws IOException, ReflectiveOperationException {
    CommandLine server = command("dev.lavalier.app.ServerMain");
    server.addSubcommand(command("dev.lavalier.app.CheckConfigCommand"));
    server.addSubcommand(command("dev.lavalier.app.TokenCommand"));
    server.addSubcommand(command("dev.lavalier.app.FleetKeyCommand"));
    CommandLine client = command("dev.lavalier.client.cli.LavalierCli");
    for (Class<?> type : clientCommands()) {
      client.addSubcommand(new CommandLine(type, new Factory()));
    }
    Path directory = Path.of(args[1]);
    write(server, "lavalier(1)", args[0], directory);
    write(client, "lavalier\\-server(1)", args[0], directory);
  }

  /** Returns the commands of the client, which adds to each call only those that it needs. */
  private static List<Class<?>> clientCommands() throws ReflectiveOperationException {
    Method commands =
        Class.forName("dev.lavalier.client.cli.LavalierCli").getDeclaredMethod("commands");
    commands.setAccessible(true);
    List<Class<?>> types = new ArrayList<>();
    for (Object type : (List<?>) commands.invoke(null)) {
      types.add((Class<?>) type);
    }
    return types;
  }

  private static CommandLine command(String type) throws ClassNotFoundException {
    return new CommandLine(Class.forName(type), new Factory());
  }

  /**
   * Creates the objects that picocli needs to read their annotations. What a constructor asks for
   * can be null, because no command is run.
   */
  private static final class Factory implements CommandLine.IFactory {
    @Override
    public <K> K create(Class<K> type) throws Exception {
      Constructor<?>[] constructors = type.getDeclaredConstructors();
      if (constructors.length != 1 || constructors[0].getParameterCount() == 0) {
        return CommandLine.defaultFactory().create(type);
      }
      Object[] nothing = new Object[constructors[0].getParameterCount()];
      constructors[0].setAccessible(true);
      return type.cast(constructors[0].newInstance(nothing));
    }
  }

  private static void write(CommandLine program, String seeAlso, String version, Path directory)
      throws IOException {
    String name = program.getCommandName();
    Path completions = Files.createDirectories(directory.resolve("completions"));
    Files.writeString(completions.resolve(name), completion(name, program));
    Path pages = Files.createDirectories(directory.resolve("man"));
    Files.writeString(pages.resolve(name + ".1"), page(program.getCommandSpec(), seeAlso, version));
  }

  private static String completion(String name, CommandLine program) {
    return AutoComplete.bash(name, program)
        .replaceFirst("^#![^\\n]*\\n", ""); // bash reads the file, and nothing executes it
  }

  private static String page(CommandSpec program, String seeAlso, String version) {
    String name = program.name();
    StringBuilder page = new StringBuilder();
    page.append(".TH \"%s\" 1 \"\" \"Lavalier %s\"\n".formatted(escaped(name), version));
    page.append(".SH NAME\n%s \\- %s\n".formatted(escaped(name), firstSentence(program)));
    page.append(".SH SYNOPSIS\n.B %s\n[options] [command]\n".formatted(escaped(name)));
    page.append(".SH DESCRIPTION\n").append(text(program.usageMessage().description()));
    page.append(".SH OPTIONS\n").append(arguments(program));
    page.append(".SH COMMANDS\n");
    appendCommands(program, name, page);
    page.append(".SH EXIT STATUS\n").append(text(program.usageMessage().footer()));
    page.append(".SH FILES\n.I /usr/share/doc/lavalier\n");
    page.append(".SH SEE ALSO\n%s\n".formatted(seeAlso));
    return page.toString();
  }

  private static String firstSentence(CommandSpec command) {
    return text(command.usageMessage().description()).strip().replaceFirst("\\.(\\s.*|$)", "");
  }

  private static void appendCommands(CommandSpec parent, String path, StringBuilder page) {
    for (CommandLine child : new LinkedHashSet<>(parent.subcommands().values())) {
      CommandSpec command = child.getCommandSpec();
      if (!command.usageMessage().hidden()) {
        String name = path + " " + command.name();
        page.append(".SS \"%s\"\n".formatted(escaped(name)));
        page.append(text(command.usageMessage().description())).append(arguments(command));
        appendCommands(command, name, page);
      }
    }
  }

  /** Describes the parameters and options. Omits the options that the program has, too. */
  private static String arguments(CommandSpec command) {
    StringBuilder list = new StringBuilder();
    for (PositionalParamSpec parameter : command.positionalParameters()) {
      if (!parameter.hidden()) {
        list.append(".TP\n.I %s\n".formatted(escaped(parameter.paramLabel())));
        list.append(text(parameter.description()));
      }
    }
    boolean isProgram = command.parent() == null;
    Collection<OptionSpec> known = isProgram ? List.of() : command.root().options();
    boolean hasKnown = false;
    for (OptionSpec option : command.options()) {
      boolean isKnown = known.stream().anyMatch(each -> isSame(each, option));
      hasKnown |= isKnown && !option.usageHelp() && !option.versionHelp();
      if (!option.hidden() && !isKnown) {
        list.append(".TP\n\\fB%s\\fR".formatted(escaped(String.join(", ", option.names()))));
        String value = " \\fI%s\\fR\n".formatted(escaped(option.paramLabel()));
        list.append(option.arity().max() > 0 ? value : "\n");
        list.append(text(option.description()));
      }
    }
    return list + (hasKnown ? ".PP\nIt also has the options above.\n" : "");
  }

  private static boolean isSame(OptionSpec one, OptionSpec other) {
    return one.longestName().equals(other.longestName())
        && Arrays.equals(one.description(), other.description());
  }

  /** Joins the lines of a text of picocli, which has {@code %%} and {@code %n}. */
  private static String text(String[] lines) {
    StringBuilder text = new StringBuilder();
    for (String line : lines) {
      if (!line.isBlank()) {
        text.append(escaped(line.replace("%n", " ").replace("%%", "%"))).append('\n');
      }
    }
    return text.toString();
  }

  private static String escaped(String text) {
    String escaped = text.replace("\\", "\\e").replace("-", "\\-").replace("\"", "\\(dq");
    return escaped.startsWith(".") || escaped.startsWith("'") ? "\\&" + escaped : escaped;
  }
}
